// app: which view is shown, the key, and the alerts that come in whatever is
// shown.
import { $, h, toast } from './dom.js';
import { ApiError, askKey, key, onKey } from './api.js';
import * as live from './live.js';
import { startTheme } from './theme.js';
import { rules } from './rules.js';
import { ruleForm } from './rule-form.js';
import { rule } from './rule.js';
import { alerts } from './alerts.js';
import { alert } from './alert.js';
import { health } from './health.js';

// A view gets the element to fill, what stood in the address, and a signal
// that ends with the view: its timers and requests end with that.
const views = [
	[/^#\/rules$/, rules],
	[/^#\/rules\/new$/, ruleForm],
	[/^#\/rules\/([0-9a-f-]{36})\/edit$/, ruleForm],
	[/^#\/rules\/([0-9a-f-]{36})$/, rule],
	[/^#\/alerts$/, alerts],
	[/^#\/alerts\/([0-9a-f-]{36})$/, alert],
	[/^#\/health$/, health],
];

let leaving = new AbortController();

function markNav() {
	const section = location.hash.split('/')[1] ?? 'rules';

	for (const a of document.querySelectorAll('header nav a')) {
		if (a.getAttribute('href') === `#/${section}`)
			a.setAttribute('aria-current', 'page');
		else
			a.removeAttribute('aria-current');
	}
}

async function show(moved) {
	const hash = location.hash || '#/rules';
	const found = views.find(([pattern]) => pattern.test(hash)) ?? views[0];
	const main = $('main');

	leaving.abort();
	leaving = new AbortController();
	const { signal } = leaving;
	const page = h('div', { class: 'page' });
	main.replaceChildren(page);
	markNav();
	try {
		await found[1](page, hash.match(found[0])?.[1] ?? null, signal);
	} catch (e) {
		if (signal.aborted || e.name === 'AbortError')
			return;
		page.append(h('p', { class: 'fault', role: 'alert' },
			e instanceof ApiError ? e.message : `This page failed: ${e.message}`));
		if (!(e instanceof ApiError))
			console.error(e);
	}
	// The focus follows a person who moved, not the page's own start.
	if (moved && !signal.aborted && !page.contains(document.activeElement))
		(page.querySelector('h1') ?? main).focus();
}

/* ---- start --------------------------------------------------------------- */

function nameKey() {
	$('key').textContent = key() === null ? 'Key' : 'Key set';
}

// Times come as UTC and are shown by the clock of who looks.
function sayZone() {
	const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
	const minutes = -new Date().getTimezoneOffset(), ahead = Math.abs(minutes);
	const two = (n) => String(n).padStart(2, '0');

	$('zone').textContent = `Times are those of ${timeZone}` + (minutes === 0 ? '.' :
		`, ${two(Math.floor(ahead / 60))}:${two(ahead % 60)} h ${minutes > 0 ? 'ahead of' : 'behind'} UTC.`);
}

startTheme();
sayZone();
nameKey();
onKey(nameKey);
// Another key may see more. A form that is being filled in is left alone.
onKey(() => {
	if ($('main').querySelector('form.sheet') === null)
		show(false);
});
$('key').addEventListener('click', async () => {
	if (await askKey())
		toast('The key is kept in this tab.');
});
$('skip').addEventListener('click', (event) => {
	event.preventDefault();
	$('main').focus();
});
addEventListener('hashchange', () => show(true));
live.start();
show(false);
