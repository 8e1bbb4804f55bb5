// dom: elements without markup strings, so that nothing that came from
// outside is ever read as markup; and how times and numbers are written.

/**
 * An element. Attributes: "class", "onclick" and the like take functions,
 * true is an attribute without a value, null and false are left out.
 * Children: nodes, texts, arrays of them; null is nothing.
 */
export function h(tag, attributes, ...children) {
	const el = document.createElement(tag);

	for (const [name, value] of Object.entries(attributes ?? {})) {
		if (value === null || value === undefined || value === false)
			continue;
		if (typeof value === 'function')
			el.addEventListener(name.slice(2), value);
		else
			el.setAttribute(name, value === true ? '' : value);
	}
	el.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined));
	return el;
}

export const $ = (id) => document.getElementById(id);

const clock = new Intl.DateTimeFormat(undefined, {
	hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const full = new Intl.DateTimeFormat(undefined, {
	dateStyle: 'medium', timeStyle: 'long', hourCycle: 'h23' });
const count = new Intl.NumberFormat(undefined, { maximumFractionDigits: 2 });

export const number = (n) => count.format(n);

const five = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 5 });

/** A price or an indicator: a coin may cost 0.0000123. */
export const value = (n) => (Math.abs(n) < 100 ? five : count).format(n);

/** A moment: the time of day, with the day when it is not today's. */
export function time(text) {
	const at = new Date(text);

	if (!text || Number.isNaN(at.getTime()))
		return h('span', {}, 'never');
	return h('time', { datetime: text, title: full.format(at) },
		at.toDateString() === new Date().toDateString()
			? clock.format(at) : `${day.format(at)}, ${clock.format(at)}`);
}

/** How long in words: 950 ms, 12 s, 5 min, 3 h, 2 d. */
export function lasting(ms) {
	if (ms < 1000)
		return `${Math.round(ms)} ms`;
	if (ms < 90e3)
		return `${number(Math.round(ms / 100) / 10)} s`;
	if (ms < 90 * 60e3)
		return `${Math.round(ms / 60e3)} min`;
	return ms < 48 * 3600e3 ? `${Math.round(ms / 3600e3)} h` : `${Math.round(ms / 86400e3)} d`;
}

/** "cooldown_seconds" as people read it. */
export function label(name) {
	const words = name.replace(/_/g, ' ').replace(/ seconds$/, ' (seconds)')
		.replace(/\burl\b/, 'URL').replace(/\bdev\b/, 'deviations')
		.replace(/^on$/, 'judge').replace(/^is active$/, 'active');

	return words[0].toUpperCase() + words.slice(1);
}

/** Say something briefly, seen and heard. */
export function toast(text, kind = 'good') {
	const el = h('p', { class: `toast ${kind}` }, text);

	$('toasts').append(el);
	setTimeout(() => el.remove(), kind === 'bad' ? 9000 : 5000);
}

/**
 * Show a dialog until done(value) is called, or until it is left by Escape:
 * then done(false). Not by the close event alone: that comes late, when the
 * same dialog may be open again for somebody else.
 */
export function show(dialog, begin) {
	return new Promise((resolve) => {
		const done = (value) => {
			dialog.close();
			resolve(value);
		};

		begin(done);
		dialog.oncancel = (event) => {
			event.preventDefault();
			done(false);
		};
		dialog.onclose = () => {
			if (!dialog.open)
				resolve(false);
		};
		dialog.showModal();
	});
}

/** Ask before what cannot be undone; the focus returns to where it was. */
export function ask(title, text, yes) {
	const answer = show($('ask-dialog'), (done) => {
		$('ask-title').textContent = title;
		$('ask-text').textContent = text;
		$('ask-yes').textContent = yes;
		$('ask-form').onsubmit = (event) => {
			event.preventDefault();
			done(true);
		};
		$('ask-no').onclick = () => done(false);
	});

	$('ask-no').focus();
	return answer;
}

/** A heading that gets the focus when its view opens. */
export function title(text, ...more) {
	document.title = `${text} - Pulse`;
	return h('div', { class: 'head' }, h('h1', { tabindex: '-1' }, text), ...more);
}

export function empty(...words) {
	return h('p', { class: 'empty' }, ...words);
}

/** A word with a colour of its own; the colour is never all there is. */
export function pill(word, kind) {
	return h('span', { class: `pill ${kind}` }, word);
}
