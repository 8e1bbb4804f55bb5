// chart: candles, the lines of a rule's indicators, its level, its alerts.
// Every number drawn comes from the server, which computes the indicators with
// the code that judges the rules; nothing is computed again here.
import { h, time, value } from './dom.js';

const LIBRARY = '/ui/uPlot.iife.min.js', STYLE = '/ui/uPlot.min.css';
// Indicators that live on the price's own scale; the others get a pane.
const OVERLAYS = new Set(['sma', 'ema', 'wma', 'rma', 'vwap', 'bb', 'donchian', 'supertrend']);

/* ---- the library --------------------------------------------------------- */

let loading = null;

function load(tag, attributes) {
	return new Promise((resolve, reject) => {
		document.head.append(h(tag, { ...attributes, onload: resolve, onerror: () =>
			reject(new Error('no chart library')) }));
	});
}

// uPlot is no part of this program's source: the build takes it from npm, and a
// build without npm has none.
function library() {
	loading ??= Promise.all([
		load('script', { src: LIBRARY }), load('link', { rel: 'stylesheet', href: STYLE }),
	]).then(() => globalThis.uPlot);
	return loading;
}

/* ---- data ---------------------------------------------------------------- */

/** [{name, overlay, values}] of the indicator values that candles carry. */
function linesOf(candles) {
	const lines = new Map();

	candles.forEach((candle, i) => {
		for (const [spec, value] of Object.entries(candle.values ?? {})) {
			const several = value !== null && typeof value === 'object';

			for (const [line, n] of several ? Object.entries(value) : [['', value]]) {
				const name = line === '' ? spec : `${spec} ${line}`;

				if (!lines.has(name))
					lines.set(name, { name, overlay: OVERLAYS.has(spec.split(':')[0]),
						values: new Array(candles.length).fill(null) });
				lines.get(name).values[i] = n;
			}
		}
	});
	// An indicator of several lines is null as a whole while it is not warm.
	return [...lines.values()].filter((l) => l.values.some((v) => v !== null));
}

function colours() {
	const style = getComputedStyle(document.documentElement);
	const get = (name) => style.getPropertyValue(name).trim();

	return { up: get('--up'), down: get('--down'), text: get('--muted'), grid: get('--line'),
		mark: get('--mark'), level: get('--level'),
		lines: [get('--line-1'), get('--line-2'), get('--line-3')] };
}

/* ---- drawing ------------------------------------------------------------- */

function drawCandles(u, c) {
	const { ctx, data: [t, open, high, low, close] } = u;
	const gap = t.length > 1 ? u.valToPos(t[1], 'x', true) - u.valToPos(t[0], 'x', true) : 10;
	const width = Math.max(1, Math.min(15 * devicePixelRatio, gap * 0.7));

	ctx.save();
	ctx.beginPath();
	ctx.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
	ctx.clip();
	for (let i = 0; i < t.length; i++) {
		const x = Math.round(u.valToPos(t[i], 'x', true));
		const [o, hi, lo, cl] = [open, high, low, close].map((v) => u.valToPos(v[i], 'y', true));

		ctx.fillStyle = close[i] >= open[i] ? c.up : c.down;
		ctx.fillRect(x - devicePixelRatio / 2, hi, devicePixelRatio, Math.max(1, lo - hi));
		ctx.fillRect(x - width / 2, Math.min(o, cl), width,
			Math.max(devicePixelRatio, Math.abs(o - cl)));
	}
	ctx.restore();
}

// A triangle over each bar that an alert came of.
function drawMarks(u, marks, c) {
	const { ctx, data } = u, size = 5 * devicePixelRatio;

	ctx.save();
	ctx.fillStyle = c.mark;
	for (const at of marks) {
		const i = data[0].indexOf(at);

		if (i < 0)
			continue;
		const x = u.valToPos(at, 'x', true);
		const y = Math.max(u.bbox.top + 2 * size, u.valToPos(data[2][i], 'y', true) - size);
		ctx.beginPath();
		ctx.moveTo(x, y);
		ctx.lineTo(x - size, y - 1.6 * size);
		ctx.lineTo(x + size, y - 1.6 * size);
		ctx.fill();
	}
	ctx.restore();
}

function drawLevel(u, level, c) {
	const { ctx } = u, { min, max } = u.scales.y;

	if (level === null || min === undefined || level < min || level > max)
		return;
	const y = Math.round(u.valToPos(level, 'y', true));
	ctx.save();
	ctx.strokeStyle = c.level;
	ctx.lineWidth = devicePixelRatio;
	ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
	ctx.beginPath();
	ctx.moveTo(u.bbox.left, y);
	ctx.lineTo(u.bbox.left + u.bbox.width, y);
	ctx.stroke();
	ctx.restore();
}

// In the legend: what is under the cursor, or else the last bar.
function digits(u, v, series, at) {
	const shown = at === null || at === undefined ? u.data[series].at(-1) : v;

	return shown === null || shown === undefined ? '' : value(shown);
}

const hour = new Intl.DateTimeFormat(undefined, {
	hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });

// A tick says the hour; at midnight, and between days, the day.
function tick(t) {
	const at = new Date(t * 1000);

	return at.getHours() === 0 && at.getMinutes() === 0 ? day.format(at) : hour.format(at);
}

// Both panes get the same room for their numbers, so that their bars stand
// one below the other.
function axes(c, bottom, room) {
	const look = { stroke: c.text, grid: { stroke: c.grid, width: 1 },
		ticks: { stroke: c.grid, width: 1 }, font: '12px system-ui, sans-serif' };

	return [{ ...look, show: bottom, space: 70, values: (u, ticks) => ticks.map(tick) },
		{ ...look, size: room, values: (u, ticks) => ticks.map((v) => value(v)) }];
}

// Pixels for the widest number of the columns.
function roomFor(columns) {
	const ends = columns.flat().filter((v) => v !== null);
	const most = ends.reduce((n, v) => Math.max(n, value(v).length), 4);

	return 18 + 7 * Math.min(most, 12);
}

function lineSeries(line, i, c) {
	return { label: line.name, stroke: c.lines[i % c.lines.length], width: 1.5,
		value: digits, points: { show: false } };
}

function hidden(name) {
	return { label: name, paths: () => null, points: { show: false }, value: digits };
}

function options(width, height, c, bottom, room, series, draw) {
	const when = { label: 'Time', value: (u, t) => {
		const at = new Date((t ?? u.data[0].at(-1)) * 1000);

		return `${day.format(at)}, ${hour.format(at)}`;
	} };

	return { width, height, padding: [10, 20, 0, 0], series: [when, ...series], axes: axes(c, bottom, room),
		cursor: { sync: { key: 'pulse' }, drag: { x: true, y: false } },
		legend: { live: true }, hooks: { draw: [draw] } };
}

/* ---- the figure ---------------------------------------------------------- */

function table(candles, lines) {
	const names = ['Time', 'Open', 'High', 'Low', 'Close', ...lines.map((l) => l.name)];
	const last = candles.map((candle, i) => [candle, i]).slice(-20).reverse();

	return h('details', {}, h('summary', {}, 'The last bars as a table'),
		h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'The last bars' },
			h('table', {}, h('thead', {}, h('tr', {}, names.map((name) =>
				h('th', { scope: 'col' }, name)))),
			h('tbody', {}, last.map(([candle, i]) => h('tr', {},
				h('th', { scope: 'row' }, time(candle.timestamp)),
				['open', 'high', 'low', 'close'].map((name) => h('td', {}, candle[name])),
				lines.map((l) => h('td', {}, l.values[i] === null ? '' : value(l.values[i])))))))));
}

function caption(all, lines) {
	const { candles, marks, symbol, interval } = all, last = candles.at(-1);
	const words = [`${symbol} ${interval}, ${candles.length} closed bars, the last close ${last.close}`,
		...lines.map((l) => `${l.name} ${l.values.at(-1) === null ? 'none' : value(l.values.at(-1))}`),
		`${marks.length} ${marks.length === 1 ? 'alert' : 'alerts'} marked`];

	return words.join('; ');
}

/**
 * Draw into the element. all: {symbol, interval, candles (oldest first), marks
 * (seconds), level: {value, pane: "price" or "indicator"} or null}. Returns a
 * function that takes the charts down.
 */
export async function chart(into, all) {
	const lines = linesOf(all.candles);
	const words = caption(all, lines);
	const canvas = h('div', { class: 'plot', role: 'img', 'aria-label': words });
	const figure = h('figure', {}, canvas, h('figcaption', { class: 'muted' }, words, '. ',
		h('span', { class: 'credit' }, 'Drawn by ',
			h('a', { href: '/ui/uPlot.LICENSE.txt' }, 'uPlot'), '.')), table(all.candles, lines));
	let plots = [], uPlot;

	into.replaceChildren(figure);
	try {
		uPlot = await library();
	} catch {
		canvas.replaceWith(h('p', { class: 'banner', role: 'status' }, 'This Pulse was built ' +
			'without the chart library (npm was not there), so there is no chart. ' +
			'The numbers are in the table.'));
		figure.querySelector('.credit').remove();
		return () => {};
	}
	const column = (name) => all.candles.map((candle) => Number(candle[name]));
	const times = all.candles.map((candle) => Date.parse(candle.timestamp) / 1000);
	const price = ['open', 'high', 'low', 'close'].map(column);
	const over = lines.filter((l) => l.overlay), under = lines.filter((l) => !l.overlay);
	const room = roomFor([...price, ...under.map((l) => l.values)]);
	const levelOf = (pane) => (all.level?.pane === pane ? all.level.value : null);

	const build = () => {
		const c = colours(), width = Math.max(240, canvas.clientWidth);

		for (const u of plots)
			u.destroy();
		plots = [new uPlot(options(width, 300, c, under.length === 0, room,
			[...['Open', 'High', 'Low', 'Close'].map(hidden),
				...over.map((l, i) => lineSeries(l, i, c))],
			(u) => {
				drawCandles(u, c);
				drawLevel(u, levelOf('price'), c);
				drawMarks(u, all.marks, c);
			}), [times, ...price, ...over.map((l) => l.values)], canvas)];
		if (under.length > 0)
			plots.push(new uPlot(options(width, 150, c, true, room,
				under.map((l, i) => lineSeries(l, i, c)),
				(u) => drawLevel(u, levelOf('indicator'), c)),
			[times, ...under.map((l) => l.values)], canvas));
	};
	let drawn = 0;
	const watch = new ResizeObserver(() => {
		if (drawn !== canvas.clientWidth) {
			drawn = canvas.clientWidth;
			build();
		}
	});
	watch.observe(canvas);
	document.addEventListener('theme', build);
	return () => {
		watch.disconnect();
		document.removeEventListener('theme', build);
		for (const u of plots)
			u.destroy();
	};
}
