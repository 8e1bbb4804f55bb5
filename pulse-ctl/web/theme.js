// theme: the system's, or the one chosen by hand, which is remembered.
import { $ } from './dom.js';

const dark = matchMedia('(prefers-color-scheme: dark)');

function theme() {
	return document.documentElement.dataset.theme ?? (dark.matches ? 'dark' : 'light');
}

function nameTheme() {
	$('theme').textContent = theme() === 'dark' ? 'Light' : 'Dark';
	$('theme').setAttribute('aria-label', `Use the ${theme() === 'dark' ? 'light' : 'dark'} theme`);
	document.dispatchEvent(new Event('theme'));
}

export function startTheme() {
	const kept = localStorage.getItem('pulse-theme');

	if (kept === 'dark' || kept === 'light')
		document.documentElement.dataset.theme = kept;
	$('theme').addEventListener('click', () => {
		const next = theme() === 'dark' ? 'light' : 'dark';

		document.documentElement.dataset.theme = next;
		localStorage.setItem('pulse-theme', next);
		nameTheme();
	});
	dark.addEventListener('change', nameTheme);
	nameTheme();
}
