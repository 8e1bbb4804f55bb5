// alerts: the newest ones, and those that come while one looks.
import { empty, h, number, pill, time, title, toast } from './dom.js';
import { call, withQuery } from './api.js';
import * as live from './live.js';

const PAGE = 50, SHOWN_MAX = 500;
const kinds = { delivered: 'good', pending: 'wait', failed: 'bad', none: 'idle' };

export const statusPill = (status) => pill(
	status === 'none' ? 'nowhere to go' : status, kinds[status] ?? 'idle');

/** One alert as a list item. */
export function alertItem(alert, fresh) {
	return h('li', { class: fresh ? 'card row fresh' : 'card row', 'data-id': alert.id },
		h('div', { class: 'row-main' },
			h('a', { class: 'name', href: `#/alerts/${alert.id}` }, alert.message),
			h('p', { class: 'muted' }, time(alert.triggered_at), ' ', alert.rule_name,
				alert.late ? ' (late: not sent)' : '')),
		h('div', { class: 'row-tags' }, statusPill(alert.delivery_status)));
}

/**
 * Keep a list of alerts that fit query, newest first, live, until signal ends.
 * say(shown, total, rest) after each change. Returns load(first): show the first
 * page, or one more.
 */
export function alertList(list, query, signal, say, page = PAGE) {
	let cursor = null, total = 0, turn = 0;

	const load = async (first) => {
		const mine = ++turn;
		const { body } = await call('GET', withQuery('/api/v1/alerts',
			{ ...query, limit: page, cursor: first ? null : cursor }), { signal });

		if (mine !== turn)
			return;
		const items = body.alerts.map((alert) => alertItem(alert, false));
		cursor = body.next_cursor;
		total = body.total;
		if (first)
			list.replaceChildren(...items);
		else
			list.append(...items);
		say(list.children.length, total, cursor !== null);
		if (!first)
			items[0]?.querySelector('a').focus();
	};
	// How far the deliveries of those in view have come.
	const renew = async () => {
		const { body } = await call('GET', withQuery('/api/v1/alerts',
			{ ...query, limit: PAGE }), { signal, quiet: true });

		for (const alert of body.alerts)
			list.querySelector(`[data-id="${alert.id}"] .row-tags`)
				?.replaceChildren(statusPill(alert.delivery_status));
	};

	live.onAlert((alert) => {
		if ((query.symbol && query.symbol !== alert.symbol) ||
		    (query.rule_id && query.rule_id !== alert.rule_id) ||
		    (query.delivery_status && query.delivery_status !== alert.delivery_status) ||
		    list.querySelector(`[data-id="${alert.id}"]`) !== null)
			return;
		list.prepend(alertItem(alert, true));
		while (list.children.length > SHOWN_MAX)
			list.lastElementChild.remove();
		say(list.children.length, ++total, cursor !== null);
	}, signal);
	live.onGap(() => load(true).catch(() => {}), signal);
	const timer = setInterval(() => {
		if (list.querySelector('.pill.wait') !== null && !document.hidden)
			renew().catch(() => {});
	}, 2000);
	signal.addEventListener('abort', () => clearInterval(timer));
	return load;
}

function filterForm(query, change) {
	const symbol = h('input', { id: 'alert-symbol', size: '10', maxlength: '32',
		spellcheck: 'false', autocomplete: 'off' });
	const status = h('select', { id: 'alert-status' }, h('option', { value: '' }, 'any'),
		['pending', 'delivered', 'failed', 'none'].map((name) =>
			h('option', { value: name }, name)));
	const now = () => {
		query.symbol = symbol.value.trim();
		query.delivery_status = status.value;
		change();
	};

	return h('form', { class: 'filter', role: 'search', 'aria-label': 'Filter alerts',
		onsubmit: (event) => {
			event.preventDefault();
			now();
		}, onchange: now },
	h('div', {}, h('label', { for: 'alert-symbol' }, 'Symbol'), symbol),
	h('div', {}, h('label', { for: 'alert-status' }, 'Delivery'), status));
}

export async function alerts(page, _id, signal) {
	const list = h('ul', { class: 'list', 'aria-label': 'Alerts, newest first' });
	const said = h('p', { class: 'muted' });
	const more = h('button', { type: 'button', hidden: true }, 'Show more');
	const query = {};

	const load = alertList(list, query, signal, (shown, total, rest) => {
		said.textContent = shown === 0 ? '' : `${number(shown)} of ${number(total)}`;
		more.hidden = !rest;
		page.querySelector('.empty')?.remove();
		if (shown === 0)
			list.after(empty('No alert yet. New ones appear here as they come.'));
	});
	const guarded = (first) => load(first).catch((e) => {
		if (e.name !== 'AbortError')
			toast(e.message, 'bad');
	});

	live.seen();
	live.onAlert(live.seen, signal);
	more.addEventListener('click', () => guarded(false));
	page.append(title('Alerts'), filterForm(query, () => guarded(true)), list,
		h('div', { class: 'foot' }, said, more));
	await load(true);
}
