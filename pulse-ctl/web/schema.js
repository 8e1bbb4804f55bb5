// schema: what the API says of a rule's members (/openapi.json), which the
// server makes from the table it validates with. Forms, texts and the check
// before sending come from it: a new rule type needs nothing here.
import { call } from './api.js';
import { label } from './dom.js';

let asked = null;

async function load() {
	const { schemas } = (await call('GET', '/openapi.json')).body.components;
	const types = new Map();

	for (const one of schemas.RuleCreate.oneOf)
		types.set(one.properties.rule_type.const,
			schemas[one.properties.config.$ref.split('/').pop()]);
	return { rule: schemas.RuleCreate, types };
}

/** {rule: the schema of a rule, types: rule_type to the schema of its config} */
export function schema() {
	asked ??= load().catch((e) => {
		asked = null;
		throw e;
	});
	return asked;
}

/** How a member is given: number, decimal, choice, flag, url, names or text. */
export function kind(member) {
	if (member.oneOf !== undefined)
		return 'decimal';
	if (member.enum !== undefined)
		return 'choice';
	const type = [member.type].flat()[0];

	return { integer: 'number', boolean: 'flag', array: 'names' }[type] ??
		([member.type].flat().includes('null') ? 'url' : 'text');
}

function outOf(range, value) {
	if (range.minimum !== undefined && value < range.minimum)
		return `must be at least ${range.minimum}`;
	if (range.exclusiveMinimum !== undefined && value <= range.exclusiveMinimum)
		return `must be greater than ${range.exclusiveMinimum}`;
	if (range.maximum !== undefined && value > range.maximum)
		return `must be at most ${range.maximum}`;
	if (range.exclusiveMaximum !== undefined && value >= range.exclusiveMaximum)
		return `must be less than ${range.exclusiveMaximum}`;
	return null;
}

/**
 * What is wrong with a value, or null. The server judges in the end; this
 * only says the same sooner.
 */
export function fault(member, value, required) {
	if (value === undefined || value === null)
		return required ? 'is required' : null;
	switch (kind(member)) {
	case 'number':
		return typeof value === 'number' ? outOf(member, value) : 'must be a whole number';
	case 'decimal':
		return new RegExp(member.oneOf[1].pattern).test(value)
			? outOf(member.oneOf[0], Number(value)) : 'must be a number';
	case 'choice':
		return member.enum.includes(value) ? null : `must be one of ${member.enum.join(', ')}`;
	case 'text':
	case 'url': {
		const n = [...value].length;

		if (n < (member.minLength ?? 0))
			return 'is required';
		return n > (member.maxLength ?? Infinity)
			? `must have at most ${member.maxLength} characters` : null;
	}
	default:
		return null;
	}
}

/** A rule's condition in a few words: "Price threshold: >= 50000". */
export function condition(rule, { types }) {
	const config = types.get(rule.rule_type), words = [];

	if (config === undefined)
		return rule.rule_type;
	for (const [name, member] of Object.entries(config.properties)) {
		const value = rule.config[name];

		if (value === undefined || value === null || name === 'on')
			continue;
		if (name === 'operator')
			words.unshift(value);
		else if (kind(member) === 'choice')
			words.push(value);
		else
			words.push(`${label(name).toLowerCase()} ${value}`);
	}
	return `${config.title}: ${words.join(', ')}`
		.replace(/(>=|<=|>|<|cross\w*), \w+ (-?[\d.]+)/, '$1 $2');
}
