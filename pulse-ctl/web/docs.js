// Shows /openapi.json and calls what it describes. Everything is made from the
// document; text from it and from answers is set as text, never as HTML.
import { startTheme } from './theme.js';

const el = (name, attributes = {}, ...children) => {
	const node = document.createElement(name);
	for (const [k, v] of Object.entries(attributes)) {
		if (k.startsWith('on')) node.addEventListener(k.slice(2), v);
		else if (v !== undefined) node.setAttribute(k, v);
	}
	node.append(...children.filter((c) => c !== undefined));
	return node;
};

startTheme();
const keyField = document.getElementById('key');
keyField.value = sessionStorage.getItem('pulse-key') ?? '';
keyField.addEventListener('input', () => {
	if (keyField.value) sessionStorage.setItem('pulse-key', keyField.value);
	else sessionStorage.removeItem('pulse-key');
});
document.getElementById('key-form').addEventListener('submit', (e) => e.preventDefault());

let api;
const resolve = (schema) => {
	while (schema?.$ref) schema = api.components.schemas[schema.$ref.split('/').pop()];
	return schema ?? {};
};

// One line that says what a value may be.
const describe = (schema) => {
	if (schema.$ref) return schema.$ref.split('/').pop();
	if (schema.enum) return schema.enum.join(' | ');
	if (schema.const !== undefined) return JSON.stringify(schema.const);
	const some = schema.oneOf ?? schema.anyOf;
	if (some) return some.map(describe).join(' or ');
	let text = [schema.type ?? 'any'].flat().join(' or ');
	if (schema.type === 'array') text += ` of ${describe(schema.items ?? {})}`;
	if (schema.format) text += ` (${schema.format})`;
	const low = schema.minimum ?? schema.minLength;
	const high = schema.maximum ?? schema.maxLength;
	if (schema.exclusiveMinimum !== undefined) text += `, above ${schema.exclusiveMinimum}`;
	if (low !== undefined) text += `, from ${low}`;
	if (high !== undefined) text += `, up to ${high}`;
	if (schema.exclusiveMaximum !== undefined) text += `, below ${schema.exclusiveMaximum}`;
	if (schema.default !== undefined) text += `, default ${schema.default}`;
	return text;
};

// A body to start from: the required members, each with the least it takes.
const example = (schema, depth = 0) => {
	const s = resolve(schema);
	if (s.default !== undefined) return s.default;
	if (s.const !== undefined) return s.const;
	if (s.enum) return s.enum[0];
	if (s.properties && depth < 4) {
		const first = s.oneOf ? resolve(s.oneOf[0]).properties : {};
		const out = {};
		for (const name of s.required ?? Object.keys(s.properties).slice(0, 1))
			out[name] = example(first[name] ?? s.properties[name] ?? {}, depth + 1);
		return out;
	}
	if (s.oneOf) return example(s.oneOf[0], depth + 1);
	const type = [s.type].flat()[0];
	if (type === 'integer' || type === 'number') return (s.minimum ?? s.exclusiveMinimum ?? 0) + 1;
	if (type === 'boolean') return true;
	if (type === 'array') return [];
	if (type === 'object') return {};
	return type === 'string' ? 'BTC' : null;
};

const table = (heads, rows) => el('table', {},
	el('thead', {}, el('tr', {}, ...heads.map((h) => el('th', {}, h)))),
	el('tbody', {}, ...rows.map((r) => el('tr', {}, ...r.map((c) => el('td', {}, c))))));

const properties = (schema) => table(['Member', 'Value', 'Meaning'],
	Object.entries(schema.properties ?? {}).map(([name, s]) => [
		el('code', {}, name + ((schema.required ?? []).includes(name) ? ' *' : '')),
		describe(s), s.description ?? '']));

// Read a stream line by line until the button is pressed again.
const follow = async (response, out, signal) => {
	const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
	signal.addEventListener('abort', () => reader.cancel());
	for (;;) {
		const { done, value } = await reader.read();
		if (done) return;
		out.textContent = (out.textContent + value).slice(-20000);
	}
};

const caller = (path, method, operation) => {
	const inputs = new Map();
	const form = el('form');
	for (const p of operation.parameters ?? []) {
		const id = `${operation.operationId}-${p.name}`;
		const input = el('input', { id, ...(p.required ? { required: '' } : {}), placeholder: describe(p.schema), autocomplete: 'off' });
		inputs.set(p, input);
		form.append(el('label', { for: id }, `${p.name} (${p.in})`), input);
	}
	let body;
	if (operation.requestBody) {
		const id = `${operation.operationId}-body`;
		body = el('textarea', { id, spellcheck: 'false' });
		body.value = JSON.stringify(example(operation.requestBody.content['application/json'].schema), null, 2);
		form.append(el('label', { for: id }, 'body'), body);
	}
	const status = el('p', { class: 'status', role: 'status' });
	const out = el('pre', { tabindex: '0', hidden: '' });
	const button = el('button', {}, `${method.toUpperCase()} it`);
	form.append(button, status, out);
	let running;
	form.addEventListener('submit', async (e) => {
		e.preventDefault();
		if (running) { running.abort(); return; }
		let url = path;
		const query = new URLSearchParams(), headers = {};
		for (const [p, input] of inputs) {
			if (input.value === '') continue;
			if (p.in === 'path') url = url.replace(`{${p.name}}`, encodeURIComponent(input.value));
			else if (p.in === 'header') headers[p.name] = input.value;
			else query.set(p.name, input.value);
		}
		if ([...query].length) url += `?${query}`;
		if (keyField.value && operation.security?.length !== 0) headers['X-API-Key'] = keyField.value;
		if (body) headers['Content-Type'] = 'application/json';
		running = new AbortController();
		out.textContent = '';
		out.hidden = false;
		try {
			const r = await fetch(url, { method: method.toUpperCase(), headers, body: body?.value, signal: running.signal });
			status.textContent = `${r.status} ${r.statusText}`;
			const type = r.headers.get('Content-Type') ?? '';
			if (type.startsWith('text/event-stream')) {
				button.textContent = 'Stop';
				await follow(r, out, running.signal);
			} else {
				const text = await r.text();
				out.textContent = type.startsWith('application/json') && text ? JSON.stringify(JSON.parse(text), null, 2) : text;
			}
		} catch (error) {
			if (!running.signal.aborted) status.textContent = `No answer: ${error.message}`;
		}
		running = undefined;
		button.textContent = `${method.toUpperCase()} it`;
	});
	return form;
};

const show = () => {
	document.getElementById('title').textContent = `The HTTP API of ${api.info.title} ${api.info.version}`;
	document.getElementById('about').textContent = api.info.description;
	const main = document.getElementById('operations');
	main.replaceChildren();
	for (const tag of api.tags) {
		main.append(el('h2', {}, tag.name), el('p', {}, tag.description));
		for (const [path, item] of Object.entries(api.paths))
			for (const [method, o] of Object.entries(item)) {
				if (!o.tags.includes(tag.name)) continue;
				main.append(el('details', { id: o.operationId },
					el('summary', {}, el('b', {}, method.toUpperCase()), el('code', {}, path), ` ${o.summary}`),
					o.parameters ? table(['Parameter', 'Value', 'Meaning'], o.parameters.map((p) => [
						el('code', {}, p.name + (p.required ? ' *' : '')), describe(p.schema), p.description])) : undefined,
					el('h3', {}, 'Answers'),
					table(['Status', 'Body', 'When'], Object.entries(o.responses).map(([code, r]) => [
						code, Object.values(r.content ?? {}).map((c) => describe(c.schema)).join(' or ') || 'none', r.description])),
					el('h3', {}, 'Try it'), caller(path, method, o)));
			}
	}
	const schemas = document.getElementById('schemas');
	schemas.append(el('h2', {}, 'Schemas'));
	for (const [name, s] of Object.entries(api.components.schemas))
		schemas.append(el('details', { id: `schema-${name}` }, el('summary', {}, el('code', {}, name), ` ${s.description ?? ''}`), properties(s)));
	if (location.hash) document.getElementById(location.hash.slice(1))?.setAttribute('open', '');
};

try {
	const r = await fetch('/openapi.json');
	api = await r.json();
	show();
} catch (error) {
	document.getElementById('operations').textContent = `The document cannot be read: ${error.message}`;
}
