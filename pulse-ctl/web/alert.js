// alert: one alert and the story of its delivery: each channel, each attempt.
import { empty, h, label, lasting, number, pill, time, title, toast, value } from './dom.js';
import { call } from './api.js';
import { statusPill } from './alerts.js';

const kinds = { delivered: 'good', dead: 'bad', held: 'bad' };

function facts(alert) {
	const rows = [
		['Rule', h('a', { href: `#/rules/${alert.rule_id}` }, alert.rule_name)],
		['Market', `${alert.symbol} ${alert.interval}`],
		['Triggered', time(alert.triggered_at)],
		['Value', alert.trigger_value],
		['Bar', time(alert.window_start)],
		...Object.entries(alert.values ?? {})
			.map(([name, v]) => [label(name), v === null ? 'none'
				: typeof v === 'number' ? value(v) : String(v)]),
	];

	return h('dl', { class: 'facts' }, rows.map(([name, shown]) =>
		h('div', { class: name === 'Rule' ? 'wide' : null }, h('dt', {}, name),
			h('dd', {}, shown))));
}

function attemptItem(one) {
	const code = one.response_code === null ? '' : `HTTP ${one.response_code}`;

	return h('li', { class: one.status === 'success' ? 'step good' : 'step bad' },
		h('p', {}, h('b', {}, `Attempt ${one.attempt_no}`), ' ',
			one.status === 'success' ? 'succeeded' : 'failed', code === '' ? '' : `, ${code}`,
			`, ${lasting(one.latency_ms)}`),
		h('p', { class: 'muted' }, time(one.created_at),
			one.address ? ` to ${one.address}` : '', one.error ? `: ${one.error}` : ''));
}

function next(delivery) {
	if (delivery.status === 'delivered')
		return null;
	if (delivery.status === 'dead')
		return h('li', { class: 'step end' }, h('p', {}, 'Given up. ',
			h('span', { class: 'muted' }, delivery.error ?? '')));
	if (delivery.status === 'held')
		return h('li', { class: 'step end' }, h('p', {},
			'Held: it may have arrived, nobody can tell. Look at the receiver, then ',
			h('code', {}, 'pulse-ctl delivery retry'), ' or ', h('code', {}, 'drop'), '.'));
	return h('li', { class: 'step wait' }, h('p', {}, 'Next attempt ',
		delivery.next_attempt_at === null ? 'soon' : time(delivery.next_attempt_at)));
}

function story(delivery, attempts) {
	const mine = attempts.filter((one) => one.channel === delivery.channel);

	return h('section', { class: 'card', 'aria-label': `Delivery to ${delivery.channel}` },
		h('div', { class: 'head' }, h('h3', {}, delivery.channel),
			pill(delivery.status, kinds[delivery.status] ?? 'wait')),
		h('ol', { class: 'story' },
			h('li', { class: 'step' }, h('p', {}, 'Stored with the alert'),
				h('p', { class: 'muted' }, time(delivery.created_at))),
			mine.map(attemptItem), next(delivery) ?? []));
}

export async function alert(page, id, signal) {
	const deliveries = h('div', { class: 'deliveries' });
	const again = h('button', { type: 'button', hidden: true }, 'Deliver again');
	const status = h('span', { role: 'status' });
	let shown = '';

	const draw = (body) => {
		const text = JSON.stringify([body.deliveries, body.attempts]);

		if (text === shown)
			return;
		shown = text;
		status.replaceChildren(statusPill(body.delivery_status));
		deliveries.replaceChildren(...body.deliveries.map((one) => story(one, body.attempts)));
		if (body.deliveries.length === 0)
			deliveries.append(empty(body.late
				? 'Not sent: it came too late to be news.'
				: 'The rule named no channel: there was nothing to send.'));
		again.hidden = !body.deliveries.some((one) => one.status === 'dead');
	};
	const load = async (quiet) => {
		const { body } = await call('GET', `/api/v1/alerts/${id}`, { signal, quiet });

		draw(body);
		return body;
	};
	const body = await load(false);

	again.addEventListener('click', async () => {
		try {
			const n = (await call('POST', `/api/v1/alerts/${id}/redeliver`)).body.redelivered;

			toast(n === 0 ? 'There was nothing to deliver again.'
				: `${number(n)} ${n === 1 ? 'delivery is' : 'deliveries are'} due again.`);
			await load(false);
			page.querySelector('h2').focus();
		} catch (e) {
			toast(e.message, 'bad');
		}
	});
	const timer = setInterval(() => {
		if (!document.hidden)
			load(true).catch(() => {});
	}, 2000);
	signal.addEventListener('abort', () => clearInterval(timer));
	page.append(title(body.message, status), facts(body),
		h('div', { class: 'head' }, h('h2', { tabindex: '-1' }, 'Deliveries'), again), deliveries,
		h('details', {}, h('summary', {}, 'The record'),
			h('pre', { tabindex: '0' }, JSON.stringify(
				{ ...body, deliveries: undefined, attempts: undefined }, null, 2))));
}
