// Does serve do what its OpenAPI document says? For every operation: the
// documented good request (with each optional parameter, and for rules with a
// body of each type), and one bad request per documented constraint, which
// must be refused with 422 and the place named. Every answer must have a
// documented status and fit the documented schema.
//
//	node check.mjs URL KEY RULE_ID ALERT_ID CHANNEL
//
// Prints TAP. Needs no package; with $PULSE_NODE_MODULES it lints the document
// with @redocly/openapi-core as well.

import { createRequire } from 'node:module';

const [url, key, ruleId, alertId, channel] = process.argv.slice(2);
const api = await (await fetch(`${url}/openapi.json`)).json();
let run = 0, failed = 0;

const ok = (good, what, detail = '') => {
	console.log(`${good ? '' : 'not '}ok ${++run} - ${what}`);
	if (!good) {
		failed++;
		console.log(String(detail).replace(/^/gm, '# '));
	}
	return good;
};

// ---- schemas --------------------------------------------------------------

const resolve = (s) => (s.$ref ? resolve(api.components.schemas[s.$ref.split('/').pop()]) : s);
const kind = (v) => (v === null ? 'null' : Array.isArray(v) ? 'array' : Number.isInteger(v) ? 'integer' : typeof v);
const formats = {
	uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
	'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/,
};

// The faults of a value by a schema (the part of JSON Schema that we use).
const faults = (v, schema, at = '$') => {
	const s = resolve(schema), out = [], type = kind(v);
	const types = s.type ? [s.type].flat() : undefined;
	if (types && !types.includes(type) && !(type === 'integer' && types.includes('number')))
		return [`${at}: ${type} is not ${types}`];
	if ('const' in s && v !== s.const) out.push(`${at}: ${v} is not ${s.const}`);
	if (s.enum && !s.enum.includes(v)) out.push(`${at}: ${v} is not in ${s.enum}`);
	if (typeof v === 'string') {
		if ([...v].length < (s.minLength ?? 0) || [...v].length > (s.maxLength ?? Infinity)) out.push(`${at}: its length`);
		if (s.pattern && !new RegExp(s.pattern).test(v)) out.push(`${at}: ${v} does not fit ${s.pattern}`);
		if (formats[s.format] && !formats[s.format].test(v)) out.push(`${at}: ${v} is no ${s.format}`);
	}
	if (typeof v === 'number' && (v < s.minimum || v > s.maximum || v <= s.exclusiveMinimum || v >= s.exclusiveMaximum))
		out.push(`${at}: ${v} is out of range`);
	if (type === 'array' && s.items) v.forEach((x, i) => out.push(...faults(x, s.items, `${at}[${i}]`)));
	if (type === 'object') {
		for (const r of s.required ?? []) if (!(r in v)) out.push(`${at}.${r} is missing`);
		for (const [k, x] of Object.entries(v)) {
			if (s.properties?.[k]) out.push(...faults(x, s.properties[k], `${at}.${k}`));
			else if (s.additionalProperties === false) out.push(`${at}.${k} is not documented`);
		}
	}
	if (s.oneOf && s.oneOf.filter((o) => faults(v, o).length === 0).length !== 1) out.push(`${at}: not one of its kinds`);
	if (s.anyOf && !s.anyOf.some((o) => faults(v, o).length === 0)) out.push(`${at}: none of its kinds`);
	return out;
};

// ---- requests -------------------------------------------------------------

const call = async (path, method, o, { parameters = {}, body, accept } = {}) => {
	let where = path;
	const query = new URLSearchParams(), headers = { 'X-API-Key': key };
	for (const p of o.parameters ?? []) {
		const v = parameters[p.name];
		if (v === undefined) continue;
		if (p.in === 'path') where = where.replace(`{${p.name}}`, encodeURIComponent(v));
		else if (p.in === 'header') headers[p.name] = v;
		else query.set(p.name, v);
	}
	if (body !== undefined) headers['Content-Type'] = 'application/json';
	if (accept) headers.Accept = accept;
	const stop = new AbortController();
	const r = await fetch(`${url}${where}?${query}`, {
		method: method.toUpperCase(), headers, signal: stop.signal,
		body: body === undefined ? undefined : JSON.stringify(body),
	});
	const type = (r.headers.get('Content-Type') ?? '').split(';')[0];
	let text;
	if (type === 'text/event-stream' || type === 'application/x-ndjson') stop.abort();
	else text = await r.text();
	return { status: r.status, type, text, value: type === 'application/json' && text ? JSON.parse(text) : undefined };
};

// The answer is documented, and is what the document says.
const judge = (name, o, a) => {
	const said = o.responses[a.status];
	if (!ok(said, `${name}: status ${a.status} is documented`, a.text)) return;
	const types = Object.keys(said.content ?? {});
	if (types.length === 0) {
		ok(!a.text, `${name}: has no body`, a.text);
		return;
	}
	if (!ok(types.includes(a.type), `${name}: ${a.type} is documented`, types)) return;
	if (a.value === undefined) return;
	const wrong = faults(a.value, said.content[a.type].schema);
	ok(wrong.length === 0, `${name}: fits its schema`, wrong.join('\n'));
};

const fixed = { rule_id: ruleId, alert_id: alertId, symbol: 'BTC', name: channel, cursor: undefined, 'If-Match': '*' };
const goodValue = (p) => {
	if (p.name in fixed) return fixed[p.name];
	const s = p.schema;
	if (s.enum) return s.enum[0];
	if (s.type === 'integer') return p.name === 'interval_seconds' ? 300 : s.minimum;
	if (s.type === 'boolean') return 'true';
	if (s.format === 'uuid') return alertId;
	if (s.anyOf) return '2026-01-01T00:00:00Z';
	return p.name === 'values' ? 'rsi:14' : 'x'.repeat(Math.max(s.minLength ?? 1, 1));
};

// Values that break one constraint of a parameter each.
const badValues = (s) => {
	if (s.enum) return [['enum', 'nonsense']];
	if (s.type === 'integer') return [['minimum', s.minimum - 1], ['maximum', s.maximum + 1], ['type', '1.5'], ['type', 'x']];
	if (s.type === 'boolean') return [['type', 'maybe']];
	if (s.format === 'uuid') return [['format', 'x']];
	if (s.anyOf) return [['format', 'soon']];
	return [...(s.minLength > 0 ? [['minLength', '']] : []), ...(s.maxLength ? [['maxLength', 'x'.repeat(s.maxLength + 1)]] : [])];
};

const refused = (name, o, a, place) => {
	if (!ok(a.status === 422, `${name}: 422`, `${a.status} ${a.text}`)) return;
	judge(name, o, a);
	const places = a.value.detail.map((f) => f.loc.join('.'));
	ok(places.some((l) => l.replace(/\.\d+$/, '').endsWith(place)), `${name}: ${place} is named`, places.join('\n'));
};

// ---- bodies ---------------------------------------------------------------

const goodMember = (s) => {
	s = resolve(s);
	if (s.default !== undefined) return s.default;
	if (s.enum) return s.enum[0];
	const some = s.oneOf?.[0] ?? s;
	if ([some.type].flat()[0] === 'integer') return Math.max((some.minimum ?? 1) + 1, 2);
	if ([some.type].flat()[0] === 'number') return 5;
	return 'x';
};

const goodConfig = (type) => {
	const s = api.components.schemas[`Config_${type}`];
	const config = Object.fromEntries((s.required ?? []).map((n) => [n, goodMember(s.properties[n])]));
	// Periods that work together; a window of whole bars.
	if ('slow_period' in config) Object.assign(config, { fast_period: 12, slow_period: 26, signal_period: 9 });
	if ('window_seconds' in config) config.window_seconds = 3600;
	return config;
};

const goodRule = (type) => ({ name: 'documented', symbol: 'BTC', rule_type: type, config: goodConfig(type) });

const badMembers = (s) => {
	s = resolve(s);
	const out = [];
	if (s.oneOf) return s.oneOf.flatMap((o) => badMembers(o)).concat([['type', true]]);
	const types = [s.type].flat();
	if (s.enum) return [['enum', 'nonsense'], ['type', 7]];
	if (types.includes('integer') || types.includes('number')) {
		if (s.minimum !== undefined) out.push(['minimum', s.minimum - 1]);
		if (s.maximum !== undefined) out.push(['maximum', s.maximum + 1]);
		if (s.exclusiveMinimum !== undefined) out.push(['exclusiveMinimum', s.exclusiveMinimum]);
		if (s.exclusiveMaximum !== undefined) out.push(['exclusiveMaximum', s.exclusiveMaximum]);
		if (types.includes('integer')) out.push(['integer', 2.5]);
		out.push(['type', []]);
	} else if (types.includes('string')) {
		if (s.pattern) out.push(['pattern', '!']);
		if (!s.pattern || s.maxLength) {
			if (s.minLength) out.push(['minLength', 'x'.repeat(s.minLength - 1)]);
			if (s.maxLength) out.push(['maxLength', 'x'.repeat(s.maxLength + 1)]);
			out.push(['type', 7]);
		}
	} else if (types.includes('boolean')) out.push(['type', 'true']);
	else if (types.includes('object')) {
		out.push(['type', []]);
		if (s.additionalProperties) out.push(['additionalProperties', { x: 1 }]);
		if (s.maxProperties) out.push(['maxProperties', Object.fromEntries(Array.from({ length: s.maxProperties + 1 }, (_, i) => [`x${i}`, 'y']))]);
	}
	else if (types.includes('array')) {
		out.push(['type', 'x'], ['items', [{}]]);
		if (s.minItems) out.push(['minItems', []]);
		if (s.maxItems) out.push(['maxItems', Array(s.maxItems + 1).fill(goodMember(s.items))]);
	}
	return out;
};

const types = api.components.schemas.RuleCreate.oneOf.map((o) => o.properties.rule_type.const);

// Channels: each kind is a schema of its own.
let channels = 0;
const goodChannel = (s) => {
	const all = { name: `documented-${++channels}` };
	for (const name of s.required) {
		const member = s.properties[name];
		if (name !== 'name') all[name] = member.const ?? (name === 'url' ? 'https://example.com/hook' : goodMember(member));
	}
	return all;
};

const tryChannelBodies = async (path, method, o) => {
	const send = (body) => call(path, method, o, { body });
	for (const kind of resolve(o.requestBody.content['application/json'].schema).oneOf) {
		const s = resolve(kind), name = `createChannel ${s.properties.kind.const}`;
		const made = await send(goodChannel(s));
		judge(name, o, made);
		ok(made.status === 201, `${name}: 201`, made.text);
		for (const [member, m] of Object.entries(s.properties)) {
			if ('const' in m) continue;
			for (const [what, v] of badMembers(m))
				refused(`${name} ${member} ${what} ${JSON.stringify(v).slice(0, 40)}`, o, await send({ ...goodChannel(s), [member]: v }), member);
			if (member === 'name' || member in goodChannel(s)) continue;
			const good = { secrets: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'], rate: '30/60s', headers: { 'X-One': '1' }, schedule_ms: [1000], cap_ms: 3600000, url: 'https://example.com/hook' }[member] ?? goodMember(m);
			judge(`${name} with ${member}`, o, await send({ ...goodChannel(s), [member]: good }));
		}
		for (const member of s.required) {
			const less = goodChannel(s);
			delete less[member];
			refused(`${name} without ${member}`, o, await send(less), member);
		}
		refused(`${name} with more`, o, await send({ ...goodChannel(s), bogus: 1 }), 'bogus');
	}
};

// A good partial update.
const change = (operation) => (operation === 'updateChannel' ? { tries: 3 } : { cooldown_seconds: 5 });

const tryBodies = async (path, method, o, parameters) => {
	const name = o.operationId, created = name === 'createRule';
	const schema = resolve(o.requestBody.content['application/json'].schema);
	const send = (body) => call(path, method, o, { parameters, body });
	for (const type of created ? types : []) {
		judge(`${name} ${type}`, o, await send(goodRule(type)));
		const config = api.components.schemas[`Config_${type}`];
		for (const [member, s] of Object.entries(config.properties))
			for (const [what, v] of badMembers(s))
				refused(`${name} ${type} ${member} ${what} ${JSON.stringify(v)}`, o,
					await send({ ...goodRule(type), config: { ...goodConfig(type), [member]: v } }), `config.${member}`);
		for (const member of config.required ?? []) {
			const less = goodConfig(type);
			delete less[member];
			refused(`${name} ${type} without ${member}`, o, await send({ ...goodRule(type), config: less }), `config.${member}`);
		}
		refused(`${name} ${type} with more`, o, await send({ ...goodRule(type), config: { ...goodConfig(type), bogus: 1 } }), 'config.bogus');
	}
	const base = created ? goodRule('rsi') : {};
	if (!created) judge(name, o, await send(change(name)));
	for (const [member, s] of Object.entries(schema.properties)) {
		for (const [what, v] of badMembers(s)) {
			if (member === 'rule_type' && !created) continue;
			refused(`${name} ${member} ${what} ${JSON.stringify(v).slice(0, 40)}`, o, await send({ ...base, [member]: v }), member);
		}
	}
	for (const member of created ? schema.required : []) {
		const less = { ...base };
		delete less[member];
		refused(`${name} without ${member}`, o, await send(less), member);
	}
	refused(`${name} with more`, o, await send({ ...base, bogus: 1 }), 'bogus');
};

// ---- all of them ----------------------------------------------------------

const tryOperation = async (path, method, o) => {
	const all = o.parameters ?? [];
	const least = Object.fromEntries(all.filter((p) => p.required).map((p) => [p.name, goodValue(p)]));
	if (o.operationId === 'createChannel') await tryChannelBodies(path, method, o);
	else if (o.requestBody) await tryBodies(path, method, o, least);
	else {
		judge(o.operationId, o, await call(path, method, o, { parameters: least }));
		for (const type of Object.keys(o.responses[200]?.content ?? {}))
			judge(`${o.operationId} as ${type}`, o, await call(path, method, o, { parameters: least, accept: type }));
	}
	const body = o.requestBody ? (o.operationId === 'createRule' ? goodRule('rsi') : change(o.operationId)) : undefined;
	for (const p of all) {
		if (goodValue(p) !== undefined)
			judge(`${o.operationId} with ${p.name}`, o,
				await call(path, method, o, { parameters: { ...least, [p.name]: goodValue(p) }, body }));
		for (const [what, v] of badValues(p.schema)) {
			// An empty part of a path is another path; an empty header is none.
			if (v === '' && p.in !== 'query') continue;
			refused(`${o.operationId} ${p.name} ${what} ${String(v).slice(0, 20)}`, o,
				await call(path, method, o, { parameters: { ...least, [p.name]: v }, body }), p.name);
		}
		if (p.required && p.in === 'query') {
			const less = { ...least };
			delete less[p.name];
			refused(`${o.operationId} without ${p.name}`, o, await call(path, method, o, { parameters: less, body }), p.name);
		}
	}
};

const lint = async () => {
	if (!process.env.PULSE_NODE_MODULES) return;
	let core;
	try {
		core = createRequire(`${process.env.PULSE_NODE_MODULES}/x.js`)('@redocly/openapi-core');
	} catch {
		console.log(`ok ${++run} - the linter # SKIP @redocly/openapi-core is not there`);
		return;
	}
	const config = await core.createConfig({ extends: ['recommended'] });
	const problems = await core.lintFromString({ source: JSON.stringify(api), config });
	ok(problems.length === 0, 'the linter of redocly finds nothing',
		problems.map((p) => `${p.ruleId}: ${p.message} at ${p.location[0]?.pointer}`).join('\n'));
};

await lint();
// What deletes comes last.
const operations = Object.entries(api.paths).flatMap(([path, item]) => Object.entries(item).map(([method, o]) => [path, method, o]));
for (const [path, method, o] of operations.filter(([, m]) => m !== 'delete')) await tryOperation(path, method, o);
for (const [path, method, o] of operations.filter(([, m]) => m === 'delete')) await tryOperation(path, method, o);
console.log(`1..${run}`);
process.exit(failed > 0 || run === 0 ? 1 : 0);
