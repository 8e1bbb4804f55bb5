// channels: the named ones, how they do, and what can be done about it.
import { h, pill, time, toast } from './dom.js';
import { call, withQuery } from './api.js';

const kinds = { ok: 'good', paused: 'idle', disabled: 'bad', failing: 'bad', waiting: 'wait' };

/** All of them, by name. */
export async function channelsOf(options) {
	const all = [];
	let cursor = null;

	do {
		const { body } = await call('GET',
			withQuery('/api/v1/channels', { limit: 100, cursor }), options);

		all.push(...body.channels);
		cursor = body.next_cursor;
	} while (cursor !== null);
	return all;
}

// What to press: a pause is for one that works, the rest waits to be resumed.
function action(one, redraw) {
	const word = one.state === 'ok' || one.state === 'waiting' ? 'pause' : 'resume';

	return h('button', {
		type: 'button', 'aria-label': `${word === 'pause' ? 'Pause' : 'Resume'} ${one.name}`,
		onclick: async () => {
			try {
				const { body } = await call('POST',
					`/api/v1/channels/${encodeURIComponent(one.name)}/${word}`);

				toast(`${one.name} is ${body.state}.`);
				await redraw(one.name);
			} catch (e) {
				toast(e.message, 'bad');
			}
		},
	}, word === 'pause' ? 'Pause' : 'Resume');
}

function row(one, redraw) {
	const next = one.until === null ? [] : [one.reason === null ? '' : ', ', 'next try ', time(one.until)];

	return h('li', { class: 'card row', 'data-name': one.name },
		h('div', {}, h('b', {}, one.name), h('p', { class: 'muted' }, one.kind,
			one.reason === null && one.until === null ? '' : ': ', one.reason ?? '', next)),
		h('div', { class: 'row-tags' }, pill(one.state, kinds[one.state] ?? 'idle')),
		h('div', { class: 'actions' }, action(one, redraw)));
}

/**
 * A part of a page that shows them. Resolves to {node, load(quiet)}; load()
 * leaves what did not change, and so who is about to press something.
 */
export function channelList(signal) {
	const list = h('ul', { class: 'list', 'aria-label': 'Channels' });
	const node = h('section', { class: 'channels', hidden: true }, h('h2', {}, 'Channels'), list);
	let shown = '';

	const load = async (quiet, focus = null) => {
		const all = await channelsOf({ signal, quiet });
		const text = JSON.stringify(all);

		if (text === shown)
			return;
		const held = focus ?? document.activeElement?.closest('[data-name]')?.dataset.name ?? null;
		shown = text;
		node.hidden = all.length === 0;
		list.replaceChildren(...all.map((one) => row(one, (name) => load(false, name))));
		if (held !== null)
			list.querySelector(`[data-name="${CSS.escape(held)}"] button`)?.focus();
	};
	return { node, load };
}
