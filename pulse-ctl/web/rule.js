// rule: one rule: what it says, its chart, its alerts.
import { empty, h, lasting, number, pill, time, title, toast } from './dom.js';
import { call, withQuery } from './api.js';
import { alertList } from './alerts.js';
import { chart } from './chart.js';
import { channelWords, remove, setActive } from './rules.js';
import { condition, schema } from './schema.js';
import * as live from './live.js';

// As many bars as can be told apart on this screen.
const BARS = innerWidth < 600 ? 80 : 200, RENEW_MS = 5000, ALERTS = 10;

// The level that the rule compares with, and where it is drawn.
function levelOf(rule) {
	const text = rule.config.threshold ?? rule.config.value;
	const value = Number(text);

	if (text === undefined || !Number.isFinite(value))
		return null;
	return { value, pane: rule.rule_type === 'rsi' ? 'indicator' : 'price' };
}

function facts(rule, types) {
	const channels = channelWords(rule);
	const rows = [
		['Market', rule.symbol === '*' ? `every symbol, ${rule.interval}` :
			`${rule.symbol} ${rule.interval}`],
		['Condition', condition(rule, types)],
		['Judged', rule.config.on === 'tick' ? 'at every tick' : 'when a bar closes'],
		['Cooldown', rule.cooldown_seconds === 0 ? 'none'
			: lasting(rule.cooldown_seconds * 1000)],
		['Channels', channels.length === 0 ? 'none' : channels.join(', ')],
		['Changed', time(rule.updated_at)],
	];

	return h('dl', { class: 'facts' }, rows.map(([name, value]) =>
		h('div', { class: name === 'Condition' ? 'wide' : null }, h('dt', {}, name),
			h('dd', {}, value))));
}

/* ---- the chart ----------------------------------------------------------- */

// A rule on every symbol is shown on the one that alerted last.
async function symbolOf(rule, options) {
	if (rule.symbol !== '*')
		return rule.symbol;
	const { body } = await call('GET', withQuery('/api/v1/alerts',
		{ rule_id: rule.id, limit: 1 }), options);

	return body.alerts[0]?.symbol ?? null;
}

async function read(rule, options) {
	const symbol = await symbolOf(rule, options);

	if (symbol === null)
		return null;
	const bars = (await call('GET', withQuery('/api/v1/candles', { symbol,
		interval: rule.interval, limit: BARS, rule_id: rule.id }), options)).body.candles;
	const candles = bars.reverse();
	const marked = candles.length === 0 ? [] : (await call('GET', withQuery('/api/v1/alerts',
		{ rule_id: rule.id, symbol, since: candles[0].timestamp, limit: 100 }),
	options)).body.alerts;

	return { symbol, interval: rule.interval, candles, level: levelOf(rule),
		marks: [...new Set(marked.map((a) => Date.parse(a.window_start) / 1000))] };
}

function chartView(rule, into, signal) {
	let down = () => {}, shown = '', turn = 0;

	const draw = async () => {
		const mine = ++turn;
		const all = await read(rule, { signal, quiet: mine > 1 });
		const text = JSON.stringify([all?.candles.at(-1)?.timestamp, all?.marks]);

		// The same again would take the cursor away from who looks.
		if (mine !== turn || text === shown)
			return;
		shown = text;
		down();
		down = () => {};
		if (all === null || all.candles.length === 0) {
			into.replaceChildren(empty('There is no closed bar of this market in the store yet.'));
			return;
		}
		down = await chart(into, all);
		if (signal.aborted)
			down();
	};
	const guarded = () => draw().catch((e) => {
		if (e.name !== 'AbortError')
			into.replaceChildren(h('p', { class: 'fault' }, e.message));
	});
	const timer = setInterval(() => {
		if (!document.hidden && !into.contains(document.activeElement))
			guarded();
	}, RENEW_MS);

	signal.addEventListener('abort', () => {
		clearInterval(timer);
		down();
	});
	live.onAlert((alert) => {
		if (alert.rule_id === rule.id)
			guarded();
	}, signal);
	return guarded();
}

/* ---- the view ------------------------------------------------------------ */

export async function rule(page, id, signal) {
	const [described, got] = await Promise.all([schema(),
		call('GET', `/api/v1/rules/${id}`, { signal })]);
	const top = h('div', {}), plot = h('div', { class: 'chart' });
	const list = h('ul', { class: 'list', 'aria-label': 'Alerts of this rule' });
	const said = h('p', { class: 'muted' });
	const more = h('button', { type: 'button', hidden: true }, 'Show more');
	let one = got.body;

	const fill = (focus) => {
		const toggle = h('button', { type: 'button', onclick: async () => {
			one = await setActive(one, !one.is_active) ?? one;
			fill(true);
		} }, one.is_active ? 'Pause' : 'Enable');

		top.replaceChildren(title(one.name,
			pill(one.is_active ? 'active' : 'paused', one.is_active ? 'good' : 'idle')),
		h('div', { class: 'actions' }, toggle,
			h('a', { class: 'button', href: `#/rules/${id}/edit` }, 'Edit'),
			h('button', { type: 'button', onclick: async () => {
				if (await remove(one))
					location.hash = '#/rules';
			} }, 'Delete')),
		facts(one, described));
		if (focus)
			toggle.focus();
	};
	const load = alertList(list, { rule_id: id }, signal, (shown, total, rest) => {
		said.textContent = shown === 0 ? 'None yet.' : `${number(shown)} of ${number(total)}`;
		more.hidden = !rest;
	}, ALERTS);

	more.addEventListener('click', () => load(false).catch((e) => toast(e.message, 'bad')));
	fill(false);
	page.append(top, plot, h('h2', {}, 'Alerts'), list, h('div', { class: 'foot' }, said, more));
	await Promise.all([chartView(one, plot, signal), load(true)]);
}
