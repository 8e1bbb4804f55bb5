// The rules that a linter of other people has for OpenAPI 3.1 documents.
// Usage: PULSE_NODE_MODULES=… node openapi.mjs FILE; prints what it found.
import fs from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(`${process.env.PULSE_NODE_MODULES}/`);
const { createConfig, lintFromString } = require('@redocly/openapi-core');

const config = await createConfig({ extends: ['recommended'], rules: {
	// /health and the document itself take nothing that could be refused.
	'operation-4xx-response': 'off',
} });
const found = await lintFromString({ source: fs.readFileSync(process.argv[2], 'utf8'), config });
for (const { severity, ruleId, message, location } of found)
	console.log(`${severity} ${ruleId} ${location[0]?.pointer ?? ''}: ${message}`);
process.exit(found.length > 0 ? 1 : 0);
