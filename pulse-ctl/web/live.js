// live: the one stream of alerts that all views share.
import { $, number } from './dom.js';
import { follow, onKey } from './api.js';

const target = new EventTarget();
const words = { live: 'live', waiting: 'reconnecting', locked: 'needs a key', off: 'connecting' };
let unseen = 0, fresh = [], speaking = null, ending = new AbortController();

/** Call fn(alert) for each new alert until signal ends. */
export function onAlert(fn, signal) {
	target.addEventListener('alert', (event) => fn(event.detail), { signal });
}

/** Call fn() when alerts may have been missed: look at the list again. */
export function onGap(fn, signal) {
	target.addEventListener('gap', () => fn(), { signal });
}

/** The alerts are in view: none is unseen any more. */
export function seen() {
	unseen = 0;
	$('unseen').hidden = true;
}

function state(name, whole) {
	$('live').dataset.state = name;
	$('live').textContent = words[name];
	if (name === 'live' && whole)
		target.dispatchEvent(new Event('gap'));
}

// Read aloud what came within a second as one sentence: a burst of alerts must
// not become a burst of speech.
function announce(alert) {
	fresh.push(alert);
	speaking ??= setTimeout(() => {
		$('announce').textContent = fresh.length === 1 ? `Alert: ${fresh[0].message}`
			: `${fresh.length} alerts, the last one: ${fresh.at(-1).message}`;
		fresh = [];
		speaking = null;
	}, 1000);
}

function arrived(alert) {
	unseen++;
	$('unseen').textContent = number(unseen);
	$('unseen').setAttribute('aria-label', `, ${unseen} new`);
	$('unseen').hidden = false;
	announce(alert);
	target.dispatchEvent(new CustomEvent('alert', { detail: alert }));
}

function begin() {
	ending.abort();
	ending = new AbortController();
	follow({ onAlert: arrived, onState: state, signal: ending.signal });
}

export function start() {
	begin();
	onKey(begin);
}
