// browser: a headless Chromium with a profile of its own, and what every test
// of a page asserts: nothing on the console, no other host, no key anywhere
// but in sessionStorage, nothing wider than the screen.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createRequire } from 'node:module';

const modules = process.env.PULSE_NODE_MODULES;
const { chromium } = createRequire(`${modules}/`)('playwright-core');
const axe = fs.readFileSync(path.join(modules, 'axe-core/axe.min.js'), 'utf8');

/** How long a test waits for what must come. */
export const PATIENCE = 45000;

/**
 * Open url. options: width, scheme ("light", "dark"), expected: [statuses] of
 * answers that the test provokes (Chromium reports each on the console).
 * Resolves to {page, leave(fn), shot(name), fits(), accessible(), close()}; close()
 * asserts.
 */
export async function open(url, { width = 1280, scheme = 'light', expected = [] } = {}) {
	const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'pulse-browser-'));
	const context = await chromium.launchPersistentContext(profile, {
		executablePath: process.env.PULSE_CHROMIUM ?? '/usr/bin/chromium',
		headless: true,
		args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
			'--disable-background-networking', '--disable-component-update',
			'--disable-sync'],
		viewport: { width, height: 800 }, colorScheme: scheme,
	});
	const page = context.pages()[0] ?? await context.newPage();
	const problems = [];
	// While a page is left, what it was fetching fails: no fault of its own.
	let leaving = false;

	page.setDefaultTimeout(PATIENCE);
	page.on('console', (message) => {
		const status = message.text().match(/the server responded with a status of (\d+)/);

		if (message.type() !== 'error' && message.type() !== 'warning')
			return;
		if (leaving && message.text().includes('Failed to fetch'))
			return;
		if (status === null || !expected.includes(Number(status[1])))
			problems.push(`console: ${message.text()}`);
	});
	page.on('pageerror', (e) => problems.push(`exception: ${e.message}`));
	page.on('request', (request) => {
		const to = new URL(request.url());

		if (to.protocol !== 'data:' && to.origin !== new URL(url).origin)
			problems.push(`another host is asked: ${request.url()}`);
		if (process.env.PULSE_KEY && request.url().includes(process.env.PULSE_KEY))
			problems.push(`the key is in a URL: ${request.url()}`);
	});
	await page.goto(url);
	return {
		page,
		/** Leave the page as fn does (reload, another address). */
		async leave(fn) {
			leaving = true;
			await fn();
			leaving = false;
		},
		/** A picture, kept where PULSE_SCREENSHOTS says, if it does. */
		async shot(name) {
			const dir = process.env.PULSE_SCREENSHOTS ?? profile;
			const file = path.join(dir, `${name}-${width}-${scheme}.png`);

			await page.screenshot({ path: file, fullPage: true });
			return fs.statSync(file).size;
		},
		async fits() {
			const [wide, room] = await page.evaluate(() => [
				document.documentElement.scrollWidth, document.documentElement.clientWidth]);

			assert.ok(wide <= room, `${page.url()} is ${wide} wide, the screen ${room}`);
		},
		/** What axe-core finds by the rules of WCAG 2.2 AA and good practice. */
		async accessible() {
			await page.evaluate(axe);
			const found = await page.evaluate(async () =>
				(await globalThis.axe.run(document, { resultTypes: ['violations'] }))
					.violations.map((v) => `${v.id}: ${v.help}: ` +
						v.nodes.map((n) => n.target.join(' ')).slice(0, 3).join(', ')));

			assert.deepEqual(found, [], page.url());
		},
		async close() {
			const kept = await page.evaluate(() => JSON.stringify([
				Object.entries(localStorage), location.href, document.cookie]));

			await context.close();
			fs.rmSync(profile, { recursive: true, force: true });
			assert.ok(!process.env.PULSE_KEY || !kept.includes(process.env.PULSE_KEY),
				`the key is kept: ${kept}`);
			assert.deepEqual(problems, []);
		},
	};
}

/** Try fn until it does not throw, for PATIENCE at most. */
export async function eventually(fn) {
	const end = Date.now() + PATIENCE;

	for (;;) {
		try {
			return await fn();
		} catch (e) {
			if (Date.now() > end)
				throw e;
			await new Promise((resolve) => setTimeout(resolve, 100));
		}
	}
}
