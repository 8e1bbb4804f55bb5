// rules: the list, with what can be done to each.
import { ask, empty, h, number, pill, title, toast } from './dom.js';
import { call, withQuery } from './api.js';
import { condition, schema } from './schema.js';

const PAGE = 50;

/** Pause or enable. Resolves to the rule as it is then, or null. */
export async function setActive(rule, active) {
	try {
		const now = (await call('PUT', `/api/v1/rules/${rule.id}`,
			{ body: { is_active: active } })).body;

		toast(`${rule.name} is ${active ? 'active' : 'paused'}.`);
		return now;
	} catch (e) {
		toast(e.message, 'bad');
		return null;
	}
}

/** Delete, after asking. Resolves to whether it is gone. */
export async function remove(rule) {
	if (!await ask(`Delete ${rule.name}?`,
		'Its alerts and what is known of their delivery are deleted with it.', 'Delete'))
		return false;
	try {
		await call('DELETE', `/api/v1/rules/${rule.id}`);
		toast(`${rule.name} is deleted.`);
		return true;
	} catch (e) {
		toast(e.message, 'bad');
		return false;
	}
}

export function channelWords(rule) {
	return [
		rule.discord_webhook_url ? 'discord' : null,
		rule.generic_webhook_url ? 'generic' : null,
		...rule.channels ?? [],
	].filter((name) => name !== null);
}

/* ---- a row --------------------------------------------------------------- */

function row(rule, types, gone) {
	const item = h('li', { class: 'card row', 'data-id': rule.id });

	// Refill in place, so that the list does not move under a hand.
	const fill = (focus) => {
		const toggle = h('button', {
			type: 'button',
			'aria-label': `${rule.is_active ? 'Pause' : 'Enable'} ${rule.name}`,
			onclick: async () => {
				const now = await setActive(rule, !rule.is_active);

				if (now !== null) {
					rule = now;
					fill(true);
				}
			},
		}, rule.is_active ? 'Pause' : 'Enable');
		const channels = channelWords(rule);

		item.replaceChildren(
			h('div', { class: 'row-main' },
				h('a', { class: 'name', href: `#/rules/${rule.id}` }, rule.name),
				h('p', { class: 'muted' },
					h('b', {}, `${rule.symbol} ${rule.interval}`), ` ${condition(rule, types)}`)),
			h('div', { class: 'row-tags' },
				pill(rule.is_active ? 'active' : 'paused', rule.is_active ? 'good' : 'idle'),
				channels.map((name) => pill(name, 'plain'))),
			h('div', { class: 'actions' }, toggle,
				h('a', { class: 'button', href: `#/rules/${rule.id}/edit`,
					'aria-label': `Edit ${rule.name}` }, 'Edit'),
				h('button', {
					type: 'button', 'aria-label': `Delete ${rule.name}`,
					onclick: async () => {
						if (await remove(rule))
							gone(item);
					},
				}, 'Delete')));
		if (focus)
			toggle.focus();
	};

	fill(false);
	return item;
}

/* ---- the list ------------------------------------------------------------ */

function filterForm(types, change) {
	const symbol = h('input', { id: 'filter-symbol', name: 'symbol', size: '10',
		maxlength: '32', spellcheck: 'false', autocomplete: 'off' });
	const type = h('select', { id: 'filter-type' }, h('option', { value: '' }, 'every type'),
		[...types].map(([name, config]) => h('option', { value: name }, config.title)));
	const active = h('select', { id: 'filter-active' },
		h('option', { value: '' }, 'active or paused'),
		h('option', { value: 'true' }, 'active'), h('option', { value: 'false' }, 'paused'));
	const now = () => change({ symbol: symbol.value.trim(), rule_type: type.value,
		is_active: active.value });

	return h('form', { class: 'filter', role: 'search', 'aria-label': 'Filter rules',
		onsubmit: (event) => {
			event.preventDefault();
			now();
		}, onchange: now },
	h('div', {}, h('label', { for: 'filter-symbol' }, 'Symbol'), symbol),
	h('div', {}, h('label', { for: 'filter-type' }, 'Type'), type),
	h('div', {}, h('label', { for: 'filter-active' }, 'State'), active));
}

export async function rules(page, _id, signal) {
	const list = h('ul', { class: 'list', 'aria-label': 'Rules' });
	const said = h('p', { class: 'muted', role: 'status' });
	const more = h('button', { type: 'button', hidden: true }, 'Show more');
	let filter = {}, cursor = null, total = 0, turn = 0;

	const say = () => {
		said.textContent = list.children.length === 0 ? '' :
			`${number(list.children.length)} of ${number(total)}`;
	};
	page.append(title('Rules', h('a', { class: 'button primary', href: '#/rules/new' },
		'New rule')));
	const types = await schema();
	const load = async (first) => {
		const mine = ++turn;
		const { body } = await call('GET', withQuery('/api/v1/rules',
			{ ...filter, limit: PAGE, cursor: first ? null : cursor }), { signal });

		// An answer to a filter that was changed meanwhile is no use.
		if (mine !== turn)
			return;
		const rows = body.rules.map((rule) => row(rule, types, (item) => {
			const next = item.nextElementSibling ?? item.previousElementSibling;

			item.remove();
			total--;
			say();
			(next?.querySelector('a') ?? page.querySelector('h1')).focus();
		}));

		cursor = body.next_cursor;
		total = body.total;
		if (first)
			list.replaceChildren(...rows);
		else
			list.append(...rows);
		more.hidden = cursor === null;
		page.querySelector('.empty')?.remove();
		if (list.children.length === 0)
			list.after(empty(Object.values(filter).some((v) => v)
				? 'No rule fits this filter.'
				: 'There is no rule yet: a new one takes effect within a second.'));
		say();
		if (!first)
			rows[0]?.querySelector('a').focus();
	};
	const guarded = (first) => load(first).catch((e) => {
		if (e.name !== 'AbortError')
			toast(e.message, 'bad');
	});

	more.addEventListener('click', () => guarded(false));
	page.append(filterForm(types.types, (wanted) => {
		filter = wanted;
		guarded(true);
	}), list, h('div', { class: 'foot' }, said, more));
	await load(true);
}
