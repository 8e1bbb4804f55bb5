// health: what each stage of the pipeline says of itself.
import { h, label, lasting, number, pill, time, title } from './dom.js';
import { call } from './api.js';
import { channelList } from './channels.js';

const FRESH_MS = 30000;
const stages = {
	'hl-ingest': 'takes candles from the exchange',
	'pulse-eval': 'judges the rules',
	'pulse-send': 'delivers alerts',
	'pulse-retry': 'tries again what failed',
};

function stateOf(one, now) {
	const age = now - Date.parse(one.time);

	if (one.counters.ended === true)
		return ['ended', 'idle', age];
	return age > FRESH_MS ? ['silent', 'bad', age] : ['running', 'good', age];
}

// Flat counters as they are, those by label one below the other.
function rows(counters) {
	const all = [];

	for (const [name, value] of Object.entries(counters)) {
		if (typeof value === 'number')
			all.push([label(name.replace(/_total$/, '')), number(value)]);
		else if (typeof value === 'string')
			all.push([label(name), value]);
		else if (value !== null && typeof value === 'object' && value.n)
			for (const [key, n] of Object.entries(value.n))
				all.push([`${label(name.replace(/_total$/, ''))}, ${key}`, number(n)]);
	}
	return all;
}

function stage(name, those, now) {
	const head = (word, kind) => h('div', { class: 'head' }, h('h2', {}, name), pill(word, kind));

	if (those.length === 0)
		return h('section', { class: 'card' }, head('never seen', 'idle'),
			h('p', { class: 'muted' }, stages[name] ?? ''));
	const [newest] = those;
	const [word, kind, age] = stateOf(newest, now);
	return h('section', { class: 'card' }, head(word, kind),
		h('p', { class: 'muted' }, `${stages[name] ?? ''}, heard of ${lasting(Math.max(0, age))} ago`,
			those.length > 1 ? `, ${those.length} instances` : ''),
		h('dl', { class: 'facts' }, rows(newest.counters).map(([key, value]) =>
			h('div', {}, h('dt', {}, key), h('dd', {}, value)))));
}

// Series that the exchange does not know: their rules never fire.
function refused(components) {
	const all = components.filter((one) => stateOf(one, Date.now())[0] === 'running')
		.flatMap((one) => one.counters.refused ?? []);

	if (all.length === 0)
		return [];
	return [h('p', { class: 'banner bad' }, 'The exchange does not know ',
		all.map((one) => `${one.symbol}:${one.interval}`
			+ (one.like.length > 0 ? ` (did you mean ${one.like.join(', ')}?)` : '')).join(', '), '.')];
}

function tiles(m) {
	const all = [['Active rules', m.rules_active, '#/rules'], ['Alerts ever', m.alerts_total, '#/alerts'],
		['Deliveries to come', m.alerts_pending_delivery, '#/alerts'],
		['Followers of the stream', m.stream_subscribers, null]];

	return h('ul', { class: 'tiles' }, all.map(([name, value, href]) =>
		h('li', { class: 'card' }, h('b', { class: 'big' }, number(value)),
			href === null ? h('span', {}, name) : h('a', { href }, name))));
}

function queue(deliveries) {
	if (deliveries.length === 0)
		return [];
	return h('section', { class: 'card' }, h('h2', {}, 'Deliveries'),
		h('dl', { class: 'facts' }, deliveries.map((one) =>
			h('div', {}, h('dt', {}, `${one.channel}, ${one.status}`),
				h('dd', {}, number(one.n))))));
}

export async function health(page, _id, signal) {
	const shown = h('div', {}), ready = h('div', { role: 'status' });
	const channels = channelList(signal);
	let last = '';

	const load = async (quiet) => {
		const [m, r] = await Promise.all([
			call('GET', '/metrics', { signal, quiet }),
			call('GET', '/ready', { signal, quiet, accept: [503] }),
			channels.load(quiet),
		]);
		const now = Date.now();
		const names = [...new Set([...Object.keys(stages), ...m.body.components.map((c) => c.name)])];
		const newest = m.body.components.sort((a, b) => Date.parse(b.time) - Date.parse(a.time));
		const verdict = r.body.missing.join('; ') || 'ready';

		// Said again only when it changed.
		if (verdict !== last)
			ready.replaceChildren(r.status === 200
				? h('p', { class: 'banner good' }, 'The whole pipeline is there.')
				: h('p', { class: 'banner bad' }, `Not ready: ${verdict}.`));
		last = verdict;
		shown.replaceChildren(...refused(m.body.components), tiles(m.body), h('div', { class: 'grid' }, names.map((name) =>
			stage(name, newest.filter((c) => c.name === name), now)), queue(m.body.deliveries)),
		h('p', { class: 'muted' }, 'As of ', time(new Date(now).toISOString()), '. ',
			h('a', { href: '/metrics' }, 'The same for Prometheus'), '.'));
	};
	page.append(title('Health'), ready, channels.node, shown);
	await load(false);
	const timer = setInterval(() => {
		if (!document.hidden)
			load(true).catch((e) => {
				if (e.name !== 'AbortError' && last !== e.message) {
					last = e.message;
					ready.replaceChildren(h('p', { class: 'banner bad' }, e.message));
				}
			});
	}, 3000);
	signal.addEventListener('abort', () => clearInterval(timer));
}
