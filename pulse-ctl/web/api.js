// api: requests with the key, answers with their faults, the stream of
// alerts. The key lies in sessionStorage and nowhere else: not in a URL, not
// on disk, gone with the tab.
import { $, show } from './dom.js';

const KEY = 'pulse-key';
export const key = () => sessionStorage.getItem(KEY);

export class ApiError extends Error {
	constructor(status, detail) {
		const faults = Array.isArray(detail) ? detail : [];

		super(faults.length > 0
			? faults.map((f) => `${f.loc.slice(1).join('.')} ${f.msg}`).join('; ')
			: detail);
		this.status = status;
		/** [{type, loc, msg}] of a 422 */
		this.faults = faults;
	}
}

const listeners = new Set();
/** Call fn whenever the key changed. */
export const onKey = (fn) => listeners.add(fn);

function setKey(value) {
	if (value === null)
		sessionStorage.removeItem(KEY);
	else
		sessionStorage.setItem(KEY, value);
	for (const fn of listeners)
		fn();
}

/**
 * Ask for the key. Resolves to true when one was given, which is not to say
 * that it is right. Only one dialog at a time: who asks meanwhile shares it.
 */
let asking = null;
export function askKey(why) {
	const text = $('key-text');

	if (asking !== null)
		return asking;
	$('key-why').hidden = !why;
	$('key-why').textContent = why ?? '';
	$('key-forget').hidden = key() === null;
	asking = show($('key-dialog'), (done) => {
		$('key-form').onsubmit = (event) => {
			event.preventDefault();
			if (text.value.trim() !== '')
				done(text.value.trim());
		};
		$('key-forget').onclick = () => done(null);
		$('key-cancel').onclick = () => done(false);
	}).then((given) => {
		text.value = '';
		asking = null;
		if (given !== false)
			setKey(given);
		return given !== false && given !== null;
	});
	text.focus();
	return asking;
}

function headers(more) {
	const all = { Accept: 'application/json', ...more };

	if (key() !== null)
		all['X-API-Key'] = key();
	return all;
}

async function detailOf(response) {
	try {
		return (await response.json()).detail ?? response.statusText;
	} catch {
		return `${response.status} ${response.statusText}`;
	}
}

// The key that was answered 401, and the sentence. It is not sent again: wrong
// keys are counted, and after some the right one would have to wait as well.
let refused = { key: null, why: '' };

async function locked(method, path, options) {
	if (!options.quiet && await askKey(refused.why))
		return call(method, path, options);
	throw new ApiError(401, refused.why);
}

/**
 * One request. Resolves to {status, body, etag}; throws ApiError. When a key
 * is wanted, a person is asked for it and the request is made again, unless
 * it is a quiet one (what a timer asks).
 */
export async function call(method, path, options = {}) {
	const { body, signal, accept = [] } = options;
	let response;

	if (key() !== null && key() === refused.key)
		return locked(method, path, options);
	const sent = key();

	try {
		response = await fetch(path, {
			method, signal, cache: 'no-store', credentials: 'omit',
			headers: headers({
				...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
				...options.headers,
			}),
			body: body === undefined ? undefined : JSON.stringify(body),
		});
	} catch (e) {
		if (e.name === 'AbortError')
			throw e;
		throw new ApiError(0, 'Pulse does not answer');
	}
	if (response.status === 401) {
		refused = { key: sent, why: await detailOf(response) };
		return locked(method, path, options);
	}
	if (!response.ok && !accept.includes(response.status))
		throw new ApiError(response.status, await detailOf(response));
	const text = await response.text();
	return {
		status: response.status,
		etag: response.headers.get('ETag'),
		body: text === '' ? null : JSON.parse(text),
	};
}

/** "/path?a=b" with what is empty left out. */
export function withQuery(path, query) {
	const search = new URLSearchParams();

	for (const [name, value] of Object.entries(query))
		if (value !== null && value !== undefined && value !== '')
			search.set(name, value);
	return search.size > 0 ? `${path}?${search}` : path;
}

/* ---- the stream ---------------------------------------------------------- */

// Event blocks of a text/event-stream (HTML standard 9.2), as they come.
async function* events(body) {
	const reader = body.pipeThrough(new TextDecoderStream()).getReader();
	let rest = '';

	for (;;) {
		const { done, value } = await reader.read();

		if (done)
			return;
		const blocks = (rest + value).split(/\r?\n\r?\n/);
		rest = blocks.pop();
		for (const block of blocks) {
			const event = { data: [] };

			for (const line of block.split(/\r?\n/)) {
				const at = line.indexOf(':');
				const name = at < 0 ? line : line.slice(0, at);
				const text = at < 0 ? '' : line.slice(at + 1).replace(/^ /, '');

				if (name === 'data')
					event.data.push(text);
				else if (name !== '')
					event[name] = text;
			}
			yield event;
		}
	}
}

function pause(ms, signal) {
	return new Promise((resolve) => {
		const timer = setTimeout(resolve, ms);

		signal.addEventListener('abort', () => {
			clearTimeout(timer);
			resolve();
		}, { once: true });
	});
}

/**
 * Follow the alerts until signal is aborted: fetch() and not EventSource,
 * which cannot send a key. After a break it goes on behind the last alert
 * that came. onState gets "live", "waiting" or "locked" (no key, no stream).
 */
export async function follow({ onAlert, onState, signal }) {
	let last = null, wait = 1000, usual = 1000;

	while (!signal.aborted) {
		if (key() !== null && key() === refused.key) {
			onState('locked');
			return;
		}
		try {
			const sent = key();
			const response = await fetch('/api/v1/alerts/stream', {
				signal, cache: 'no-store', credentials: 'omit',
				headers: headers({
					Accept: 'text/event-stream',
					...(last === null ? {} : { 'Last-Event-ID': last }),
				}),
			});

			if (response.status === 401) {
				refused = { key: sent, why: await detailOf(response) };
				onState('locked');
				return;
			}
			if (!response.ok)
				throw new ApiError(response.status, response.statusText);
			wait = usual;
			onState('live', last === null);
			for await (const event of events(response.body)) {
				if (event.retry)
					usual = wait = Number(event.retry) || usual;
				if (event.id)
					last = event.id;
				if (event.data.length > 0)
					onAlert(JSON.parse(event.data.join('\n')));
			}
		} catch (e) {
			if (signal.aborted)
				return;
		}
		onState('waiting');
		await pause(wait, signal);
		wait = Math.min(wait * 2, 30000);
	}
}
