// The exchange's JavaScript client (@nktkas/hyperliquid, checked against the
// live API) talks to hl-sim: every request and channel that the simulator
// knows. Usage: node hyperliquid.mjs PORT; prints what failed, exit 1 then.
import WebSocket from 'ws';
globalThis.WebSocket ??= WebSocket;
globalThis.CloseEvent ??= class extends Event {
	constructor(type, init = {}) {
		super(type);
		Object.assign(this, init);
	}
};
const hl = await import('@nktkas/hyperliquid');

const port = process.argv[2];
const http = new hl.HttpTransport({ apiUrl: `http://127.0.0.1:${port}` });
const ws = new hl.WebSocketTransport({ url: `ws://127.0.0.1:${port}/ws` });
const info = new hl.InfoClient({ transport: http });
const infoWs = new hl.InfoClient({ transport: ws });
const subs = new hl.SubscriptionClient({ transport: ws });
const window = { coin: 'BTC', interval: '1h', startTime: 0 };
let failed = 0;

async function check(name, promise, good) {
	try {
		const value = await promise;
		if (!good(value))
			throw new Error(JSON.stringify(value).slice(0, 300));
		console.log(`ok ${name}`);
	} catch (e) {
		failed++;
		console.log(`FAILED ${name}: ${e.message}`);
	}
}

// The first event of a subscription, at most 10 s away.
function first(channel, ...args) {
	return new Promise((resolve, reject) => {
		setTimeout(() => reject(new Error('no event')), 10000).unref();
		subs[channel](...args, resolve).catch(reject);
	});
}

const isPrice = (x) => typeof x === 'string' && Number(x) > 0;

await check('meta', info.meta(), (m) => m.universe.some((u) => u.name === 'kPEPE'));
await check('spotMeta', info.spotMeta(), (m) => m.tokens.length > m.universe.length);
await check('perpDexs', info.perpDexs(), (d) => d[0] === null && d[1].name === 'xyz');
await check('allMids', info.allMids(), (m) => isPrice(m.BTC) && isPrice(m['@107']));
await check('metaAndAssetCtxs', info.metaAndAssetCtxs(),
	([m, c]) => m.universe.length === c.length && isPrice(c[0].markPx));
await check('spotMetaAndAssetCtxs', info.spotMetaAndAssetCtxs(),
	([, c]) => c.every((x) => isPrice(x.markPx)));
await check('exchangeStatus', info.exchangeStatus(), (s) => s.time > 1e12);
await check('l2Book', info.l2Book({ coin: 'BTC' }),
	(b) => b.levels.length === 2 && b.levels.flat().every((l) => l.n > 0));
await check('candleSnapshot', info.candleSnapshot(window),
	(c) => c.length > 10 && c.every((x) => isPrice(x.o) && x.T === x.t + 3599999));
await check('post over the socket', infoWs.candleSnapshot(window), (c) => c.length > 10);
await Promise.all([
	check('candle', first('candle', { coin: 'BTC', interval: '1m' }),
		(c) => c.s === 'BTC' && c.T === c.t + 59999 && c.n > 0),
	check('candle of a spot pair', first('candle', { coin: '@107', interval: '1M' }),
		(c) => c.s === '@107' && c.i === '1M'),
	check('trades', first('trades', { coin: 'BTC' }), (t) => t.every((x) => isPrice(x.px))),
	check('bbo', first('bbo', { coin: 'BTC' }), (b) => isPrice(b.bbo[0].px)),
	check('l2Book', first('l2Book', { coin: 'BTC' }), (b) => b.levels[0].length === 20),
	check('allMids', first('allMids'), (m) => isPrice(m.mids.BTC)),
	check('activeAssetCtx', first('activeAssetCtx', { coin: 'BTC' }),
		(c) => isPrice(c.ctx.markPx) && Number(c.ctx.dayNtlVlm) > 0),
	check('activeSpotAssetCtx', first('activeSpotAssetCtx', { coin: '@107' }),
		(c) => isPrice(c.ctx.markPx)),
]);
const sub = await subs.candle({ coin: 'ETH', interval: '1m' }, () => {});
await check('unsubscribe', sub.unsubscribe().then(() => true), (x) => x);
await check('an unknown coin', subs.candle({ coin: 'NOPE', interval: '1m' }, () => {})
	.then(() => 'taken', (e) => e.message), (m) => m.startsWith('Invalid subscription'));
process.exit(failed > 0 ? 1 : 0);
