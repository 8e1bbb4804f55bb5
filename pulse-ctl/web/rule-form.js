// rule-form: create or change a rule. The fields come from the API's own
// description; what the API finds wrong is shown at the field it names.
import { h, label, title, toast } from './dom.js';
import { ApiError, call } from './api.js';
import { channelsOf } from './channels.js';
import { fault, kind, schema } from './schema.js';

const same = (a, b) => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);

/* ---- one field ----------------------------------------------------------- */

function choices(member, required, value) {
	const blank = required && value === undefined
		? [h('option', { value: '' }, 'choose')] : [];

	return [...blank, ...member.enum.map((name) =>
		h('option', { value: name, selected: name === value }, name))];
}

// Which channels: those there are, and those that the rule names although they
// are not there. The rule's own come first, as it has them.
function channelChoices(id, names, value) {
	const own = value ?? [];
	const all = [...own, ...names.filter((name) => !own.includes(name))];

	return h('div', { id, class: 'choices', role: 'group', tabindex: '-1',
		'aria-labelledby': `${id}-label`, 'aria-describedby': `${id}-doc` },
	all.length === 0 ? h('span', { class: 'muted' }, 'There is no named channel yet: ',
		h('code', {}, 'pulse-ctl help channel add')) : all.map((name) =>
		h('label', {}, h('input', { type: 'checkbox', value: name, checked: own.includes(name) }),
			names.includes(name) ? name : `${name} (not there)`)));
}

function inputOf(id, member, how, value, required, names) {
	if (how === 'names')
		return channelChoices(id, names, value);
	const common = { id, name: id, 'aria-describedby': `${id}-doc`, 'aria-required': required };

	if (how === 'choice')
		return h('select', common, choices(member, required, value));
	if (how === 'flag')
		return h('input', { ...common, type: 'checkbox', checked: value === true });
	return h('input', {
		...common, type: 'text', spellcheck: 'false', autocomplete: 'off',
		inputmode: { number: 'numeric', decimal: 'decimal', url: 'url' }[how],
		value: value ?? null,
	});
}

// The value as the API wants it; undefined: left out. A number that is none
// goes as it was typed: the API names the fault.
function read(input, how) {
	if (how === 'flag')
		return input.checked;
	if (how === 'names')
		return [...input.querySelectorAll('input:checked')].map((one) => one.value);
	const text = input.value.trim();

	if (text === '')
		return how === 'url' ? null : undefined;
	return how === 'number' && /^-?\d{1,15}$/.test(text) ? Number(text) : text;
}

/**
 * A field. loc: "config.threshold". value: as the API shows it, or undefined
 * for the member's default. names: of the channels there are.
 */
function field(loc, member, required, value, names) {
	const name = loc.split('.').pop(), id = `f-${loc.replace('.', '-')}`;
	const how = kind(member);
	const input = inputOf(id, member, how, value ?? member.default, required, names);
	const wrong = h('p', { class: 'fault', id: `${id}-fault`, hidden: true });
	const self = {
		loc, input, member, required,
		get: () => read(input, how),
		/** Show a fault, or none. */
		say(text) {
			wrong.hidden = !text;
			wrong.textContent = text ? `${label(name)} ${text}` : '';
			input.setAttribute('aria-describedby',
				text ? `${id}-fault ${id}-doc` : `${id}-doc`);
			if (text)
				input.setAttribute('aria-invalid', 'true');
			else
				input.removeAttribute('aria-invalid');
		},
		check() {
			const text = fault(member, self.get(), required);

			self.say(text);
			return text === null;
		},
	};

	input.addEventListener('change', () => self.check());
	self.node = h('div', { class: how === 'flag' ? 'field flag' : 'field' },
		h(how === 'names' ? 'span' : 'label', how === 'names'
			? { id: `${id}-label`, class: 'label' } : { for: id },
		label(name), required ? '' : h('span', { class: 'muted' },
			how === 'flag' ? '' : ' optional')),
		input, wrong, h('p', { class: 'hint', id: `${id}-doc` }, member.description));
	return self;
}

/* ---- the form ------------------------------------------------------------ */

class Form {
	constructor(described, rule, names) {
		this.names = names;
		this.described = described;
		this.rule = rule;
		this.fields = new Map();
		this.config = h('fieldset', {}, h('legend', {}, 'Condition'));
		this.sum = h('div', { class: 'sum fault', role: 'alert', tabindex: '-1', hidden: true });
	}

	add(parent, loc, member, required, value) {
		const one = field(loc, member, required, value, this.names);

		this.fields.set(loc, one);
		parent.append(one.node);
		return one;
	}

	fillConfig(type) {
		const config = this.described.types.get(type);

		for (const loc of [...this.fields.keys()])
			if (loc.startsWith('config.'))
				this.fields.delete(loc);
		this.config.replaceChildren(h('legend', {}, 'Condition'));
		this.config.hidden = config === undefined;
		if (config === undefined)
			return;
		this.config.append(h('p', { class: 'hint' }, config.description));
		for (const [name, member] of Object.entries(config.properties))
			this.add(this.config, `config.${name}`, member,
				(config.required ?? []).includes(name), this.rule?.config[name]);
	}

	build() {
		const what = h('fieldset', {}, h('legend', {}, 'What to watch'));
		const where = h('fieldset', {}, h('legend', {}, 'Delivery'));
		const { properties, required } = this.described.rule;

		for (const [name, member] of Object.entries(properties)) {
			if (name === 'config')
				continue;
			const early = ['name', 'rule_type', 'symbol', 'interval'].includes(name);
			const one = this.add(early ? what : where, name, member,
				required.includes(name), this.rule?.[name] ?? undefined);

			if (name === 'rule_type')
				this.watchType(one.input);
		}
		this.fillConfig(this.rule?.rule_type);
		return [this.sum, what, this.config, where];
	}

	watchType(input) {
		input.disabled = this.rule !== null;
		for (const option of input.options)
			option.textContent = this.described.types.get(option.value)?.title ??
				option.textContent;
		input.addEventListener('change', () => this.fillConfig(input.value));
	}

	/** The rule as it stands in the form. */
	value() {
		const all = { config: {} };

		for (const { loc, get } of this.fields.values()) {
			const value = get();

			if (value === undefined)
				continue;
			if (loc.startsWith('config.'))
				all.config[loc.slice(7)] = value;
			else
				all[loc] = value;
		}
		return all;
	}

	/** What is to be sent: all of a new rule, of an old one what changed. */
	body() {
		const all = this.value();

		for (const [name, value] of Object.entries(all)) {
			const old = this.rule?.[name];

			// A shortened URL that nobody touched is no new URL.
			if (this.rule !== null ? same(value, old) || (same(value, []) && !old)
				: value === null || same(value, []))
				delete all[name];
		}
		if (this.rule !== null)
			delete all.rule_type;
		return all;
	}

	check() {
		const bad = [...this.fields.values()].filter((one) => !one.check());

		this.summary(bad.length === 0 ? [] : ['Please look at the fields marked below.']);
		bad[0]?.input.focus();
		return bad.length === 0;
	}

	summary(texts) {
		this.sum.hidden = texts.length === 0;
		this.sum.replaceChildren(...texts.map((text) => h('p', {}, text)));
	}

	/** The API's faults at their fields, the rest above. */
	refused(e) {
		const rest = [];
		let first = null;

		for (const one of e.faults) {
			const loc = one.loc.slice(1).join('.');
			// A fault of an item is said of its list.
			const found = this.fields.get(loc.replace(/\.\d+$/, ''));

			if (found === undefined) {
				rest.push(`${loc} ${one.msg}`.trim());
				continue;
			}
			found.say(one.msg);
			first ??= found.input;
		}
		if (e.faults.length === 0)
			rest.push(e.message);
		this.summary(rest);
		(first ?? this.sum).focus();
	}
}

/* ---- the view ------------------------------------------------------------ */

// A name for this attempt to create, so that a repeated POST makes one rule.
// (crypto.randomUUID() is missing on pages that came without TLS.)
function once() {
	return [...crypto.getRandomValues(new Uint8Array(16))]
		.map((b) => b.toString(16).padStart(2, '0')).join('');
}

export async function ruleForm(page, id, signal) {
	const described = await schema();
	const got = id === null ? null : await call('GET', `/api/v1/rules/${id}`, { signal });
	const names = (await channelsOf({ signal })).map((one) => one.name);
	const rule = got?.body ?? null;
	const form = new Form(described, rule, names);
	const save = h('button', { type: 'submit', class: 'primary' },
		rule === null ? 'Create the rule' : 'Save');
	let sent = null, token = null, etag = got?.etag;

	const submit = async () => {
		const body = form.body();

		if (rule !== null)
			return call('PUT', `/api/v1/rules/${id}`, { body, headers: { 'If-Match': etag } });
		if (!same(body, sent))
			[sent, token] = [body, once()];
		return call('POST', '/api/v1/rules', { body, headers: { 'Idempotency-Key': token } });
	};
	const changedMeanwhile = () => {
		form.summary(['Somebody changed this rule since it was opened here.']);
		form.sum.append(h('button', { type: 'button', onclick: () => {
			page.replaceChildren();
			ruleForm(page, id, signal).then(() => page.querySelector('h1').focus());
		} }, 'Show it as it is now'));
		form.sum.focus();
	};

	page.append(title(rule === null ? 'New rule' : `Edit ${rule.name}`),
		h('form', { class: 'sheet', novalidate: true, onsubmit: async (event) => {
			event.preventDefault();
			if (!form.check())
				return;
			save.disabled = true;
			try {
				const { body } = await submit();

				toast(`${body.name} is ${rule === null ? 'created' : 'saved'}.`);
				location.hash = `#/rules/${body.id}`;
			} catch (e) {
				if (!(e instanceof ApiError))
					throw e;
				save.disabled = false;
				if (e.status === 412)
					changedMeanwhile();
				else
					form.refused(e);
			} finally {
				save.disabled = false;
			}
		} }, form.build(), h('div', { class: 'actions' }, save,
			h('a', { class: 'button', href: id === null ? '#/rules' : `#/rules/${id}` }, 'Cancel'))));
}
