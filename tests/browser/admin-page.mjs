// Walks through the admin page as a person would. Usage:
//	PULSE_NODE_MODULES=… PULSE_KEY=… node admin-page.mjs SCENARIO URL [WEBHOOK]
import assert from 'node:assert/strict';
import { eventually, open } from './browser.mjs';

const [, , scenario, url, webhook] = process.argv;
const key = process.env.PULSE_KEY;

const api = async (method, path, body) => {
	const response = await fetch(url + path, { method,
		headers: { 'X-API-Key': key, 'Content-Type': 'application/json' },
		body: body === undefined ? undefined : JSON.stringify(body) });

	assert.ok(response.ok, `${method} ${path}: ${response.status}`);
	return response.status === 204 ? null : response.json();
};
const focused = (page) => page.evaluate(() => {
	const el = document.activeElement;

	return el.getAttribute('aria-label') ?? (el.id || el.textContent.trim());
});
// Tab until what has the focus is called so.
const tabTo = async (page, name) => {
	for (let i = 0; i < 60; i++) {
		if (await focused(page) === name)
			return;
		await page.keyboard.press('Tab');
	}
	assert.fail(`no way by Tab to ${name}`);
};
const giveKey = async (page) => {
	await page.locator('#key-text').fill(key);
	await page.locator('#key-form').getByRole('button', { name: 'Use it' }).click();
};
const says = (page, text) => page.locator('#toasts', { hasText: text }).waitFor();

const scenarios = {
	// The life of a rule, with the pipeline running beside it.
	async story() {
		// 503: /ready, until the pipeline has said that it is there.
		const browser = await open(url, { expected: [401, 503] });
		const { page } = browser;

		await page.getByText('There is no rule yet').waitFor();
		await page.getByRole('link', { name: 'New rule' }).click();
		await page.getByLabel('Name').fill('BTC moves');
		await page.getByLabel('Rule type').selectOption('price_threshold');
		await page.getByLabel('Symbol').fill('BTC');
		await page.getByLabel('Threshold').fill('1');
		await page.getByLabel('Operator').selectOption('>=');
		await page.getByLabel('Cooldown').fill('86400');
		await page.getByLabel('Generic webhook URL').fill(webhook);
		await page.getByRole('button', { name: 'Create the rule' }).click();
		// Reads are open here, a change wants the key.
		await giveKey(page);
		await page.getByRole('heading', { name: 'BTC moves' }).waitFor();
		assert.equal(await page.evaluate(() => sessionStorage.getItem('pulse-key')), key);

		// Its alert comes to another view, without a reload.
		await page.getByRole('navigation').getByRole('link', { name: 'Alerts' }).click();
		const alert = page.getByRole('listitem').filter({ hasText: 'BTC 1m: price' });
		await alert.waitFor();
		await page.locator('#announce', { hasText: 'Alert: BTC 1m: price' })
			.waitFor({ state: 'attached' });
		// The receiver refused it once and for all.
		await alert.getByText('failed').waitFor();
		await alert.getByRole('link').click();

		const story = page.getByRole('region', { name: 'Delivery to generic' });
		await story.getByText('dead').waitFor();
		await story.getByText('Attempt 1 failed, HTTP 400').waitFor();
		await story.getByText('Given up').waitFor();
		await page.getByRole('button', { name: 'Deliver again' }).click();
		await says(page, '1 delivery is due again.');
		await story.getByText('Attempt 2 succeeded, HTTP 200').waitFor();
		await page.getByRole('heading', { level: 1 }).locator('..').getByText('delivered')
			.waitFor();
		assert.ok(await page.getByRole('button', { name: 'Deliver again' }).isHidden());

		await page.getByRole('navigation').getByRole('link', { name: 'Rules' }).click();
		await page.getByRole('button', { name: 'Pause BTC moves' }).click();
		await says(page, 'BTC moves is paused.');
		assert.equal((await api('GET', '/api/v1/rules')).rules[0].is_active, false);
		await page.getByRole('button', { name: 'Enable BTC moves' }).click();
		await says(page, 'BTC moves is active.');

		await page.getByRole('navigation').getByRole('link', { name: 'Health' }).click();
		await page.getByText('The whole pipeline is there.').waitFor();
		await page.locator('section', { hasText: 'pulse-eval' }).getByText('running').waitFor();
		await browser.close();
	},

	// Create, pause and delete without a pointer.
	async keyboard() {
		const browser = await open(url);
		const { page } = browser, press = (name) => page.keyboard.press(name);

		await page.getByText('There is no rule yet').waitFor();
		await press('Tab');
		assert.equal(await focused(page), 'skip');
		await press('Enter');
		assert.equal(await focused(page), 'main');

		await tabTo(page, 'key');
		await press('Enter');
		assert.equal(await focused(page), 'key-text');
		await press('Escape');
		assert.equal(await focused(page), 'key');
		await press('Enter');
		await page.keyboard.type(key);
		await press('Enter');
		await says(page, 'The key is kept in this tab.');

		await tabTo(page, 'New rule');
		await press('Enter');
		await eventually(async () => assert.equal(await focused(page), 'New rule'));
		await page.getByRole('heading', { name: 'New rule' }).waitFor();
		await tabTo(page, 'f-name');
		await page.keyboard.type('By keys');
		await press('Tab');
		await page.keyboard.type('RSI');
		await press('Tab');
		await page.keyboard.type('ETH');
		// Enter in a field sends the form; the first fault gets the focus.
		await press('Enter');
		await eventually(async () => assert.equal(await focused(page), 'f-config-direction'));
		assert.equal(await page.locator('#f-config-direction').getAttribute('aria-invalid'), 'true');
		await page.keyboard.type('over');
		await tabTo(page, 'Create the rule');
		await press('Enter');
		await eventually(async () => assert.equal(await focused(page), 'By keys'));

		await tabTo(page, 'Pause');
		await press('Enter');
		await eventually(async () => assert.equal(await focused(page), 'Enable'));
		await tabTo(page, 'Delete');
		await press('Enter');
		assert.equal(await focused(page), 'ask-no');
		await press('Escape');
		await eventually(async () => assert.equal(await focused(page), 'Delete'));
		await press('Enter');
		await tabTo(page, 'ask-yes');
		await press('Enter');
		await says(page, 'By keys is deleted.');
		assert.equal((await api('GET', '/api/v1/rules')).total, 0);
		await browser.close();
	},

	// What is wrong is said at the field, and nobody's change is overwritten.
	async faults() {
		const browser = await open(url, { expected: [401, 412, 422] });
		const { page } = browser;
		const fault = (loc) => page.locator(`#f-${loc}-fault`);

		await page.evaluate(() => sessionStorage.setItem('pulse-key', 'not-the-key-at-all'));
		await browser.leave(() => page.reload());
		// A wrong key stops even reads, and is not tried again and again: others
		// from this address would have to wait. The right one goes on from there.
		await page.locator('#key-why').waitFor();
		await page.getByRole('button', { name: 'Cancel' }).click();
		let tried = 0;
		page.on('request', (request) => {
			tried += request.headers()['x-api-key'] === 'not-the-key-at-all';
		});
		for (const view of ['#/alerts', '#/health', '#/rules']) {
			await page.evaluate((to) => { location.hash = to; }, view);
			await page.locator('#key-why').waitFor();
			await page.getByRole('button', { name: 'Cancel' }).click();
			await page.getByRole('alert').waitFor();
		}
		assert.equal(tried, 0);
		await page.getByRole('button', { name: 'Key set' }).click();
		await giveKey(page);
		await page.getByText('There is no rule yet').waitFor();
		await page.locator('#live[data-state="live"]').waitFor();
		await page.getByRole('button', { name: 'Key set' }).click();
		await page.getByRole('button', { name: 'Forget the key' }).click();
		await page.getByRole('button', { name: 'Key', exact: true }).waitFor();
		assert.equal(await page.evaluate(() => sessionStorage.length), 0);
		await page.getByRole('link', { name: 'New rule' }).click();
		await page.getByLabel('Name').fill('Crosses');
		await page.getByLabel('Rule type').selectOption('macd_cross');
		await page.getByLabel('Symbol').fill('BTC');
		await page.getByLabel('Fast period').fill('zero');
		await page.getByRole('button', { name: 'Create the rule' }).click();
		await fault('config-fast_period').getByText('must be a whole number').waitFor();
		await fault('config-crossover_type').getByText('is required').waitFor();
		assert.equal(await focused(page), 'f-config-fast_period');

		// What only the API knows: these two together, that address.
		await page.getByLabel('Fast period').fill('26');
		await page.getByLabel('Crossover type').selectOption('bullish');
		await page.getByLabel('Generic webhook URL').fill('http://10.0.0.1/hook');
		await page.getByRole('button', { name: 'Create the rule' }).click();
		// The key is asked for meanwhile; what was typed stays.
		await giveKey(page);
		await fault('config-fast_period').getByText('must be below slow_period').waitFor();
		await fault('generic_webhook_url').waitFor();
		assert.equal(await page.locator('[aria-invalid="true"]').count(), 2);
		assert.equal(await page.evaluate(() => document.activeElement
			.getAttribute('aria-describedby')),
		'f-config-fast_period-fault f-config-fast_period-doc');

		await page.getByLabel('Fast period').fill('12');
		await page.getByLabel('Generic webhook URL').fill('');
		await page.getByRole('button', { name: 'Create the rule' }).click();
		await page.getByRole('heading', { name: 'Crosses' }).waitFor();

		// Somebody else is quicker.
		await page.getByRole('link', { name: 'Edit' }).click();
		await page.getByLabel('Cooldown').fill('60');
		const [rule] = (await api('GET', '/api/v1/rules')).rules;
		await api('PUT', `/api/v1/rules/${rule.id}`, { cooldown_seconds: 30 });
		await page.getByRole('button', { name: 'Save' }).click();
		await page.getByText('Somebody changed this rule').waitFor();
		await page.getByRole('button', { name: 'Show it as it is now' }).click();
		await eventually(async () =>
			assert.equal(await page.getByLabel('Cooldown').inputValue(), '30'));
		await page.getByLabel('Cooldown').fill('90');
		await page.getByRole('button', { name: 'Save' }).click();
		await page.getByText('1.5 min').or(page.getByText('2 min')).first().waitFor();
		assert.equal((await api('GET', `/api/v1/rules/${rule.id}`)).cooldown_seconds, 90);
		await browser.close();
	},

	// A key that may not see webhook URLs changes a rule and leaves them whole.
	async redacted() {
		const [rule] = (await api('GET', '/api/v1/rules')).rules;
		const browser = await open(`${url}/#/rules/${rule.id}/edit`);
		const { page } = browser;

		await page.evaluate((k) => sessionStorage.setItem('pulse-key', k), process.env.PULSE_PLAIN_KEY);
		await browser.leave(() => page.reload());
		await eventually(async () => assert.match(
			await page.getByLabel('Discord webhook URL').inputValue(), /\*\*\*$/));
		await page.getByLabel('Name').fill('Renamed');
		await page.getByRole('button', { name: 'Save' }).click();
		await says(page, 'Renamed is saved.');
		const now = await api('GET', `/api/v1/rules/${rule.id}`);
		assert.equal(now.name, 'Renamed');
		assert.equal(now.discord_webhook_url, rule.discord_webhook_url);
		assert.doesNotMatch(now.discord_webhook_url, /\*/);
		await browser.close();
	},

	// A rule's channels are chosen among those there are; health shows how they
	// do, and what a button there does is said and keeps the focus.
	async channels() {
		const [rule] = (await api('GET', '/api/v1/rules')).rules;
		// Nothing runs here, so /ready says 503.
		const browser = await open(`${url}/#/rules/${rule.id}/edit`, { expected: [503] });
		const { page } = browser;
		const group = page.getByRole('group', { name: /Channels/ });
		const of = (name) => page.getByRole('list', { name: 'Channels' })
			.getByRole('listitem').filter({ hasText: name });

		await page.evaluate((k) => sessionStorage.setItem('pulse-key', k), key);
		await browser.leave(() => page.reload());
		await group.getByLabel('gone-since (not there)').waitFor();
		assert.deepEqual(await group.getByRole('checkbox').evaluateAll((all) =>
			all.map((one) => [one.value, one.checked])),
		[['zulu', true], ['gone-since', true], ['ops', false], ['phone', false]]);
		// Nothing touched is nothing changed.
		await page.getByRole('button', { name: 'Save' }).click();
		await says(page, 'Named is saved.');
		const now = async () => (await api('GET', `/api/v1/rules/${rule.id}`)).channels;
		assert.deepEqual(await now(), ['zulu', 'gone-since']);
		await page.getByRole('link', { name: 'Edit' }).click();
		await group.getByLabel('gone-since').uncheck();
		await group.getByLabel('phone').focus();
		await page.keyboard.press('Space');
		await page.getByRole('button', { name: 'Save' }).click();
		await eventually(async () => assert.deepEqual(await now(), ['zulu', 'phone']));

		await page.getByRole('navigation').getByRole('link', { name: 'Health' }).click();
		await of('ops').getByText('disabled', { exact: true }).waitFor();
		await of('ops').getByText('generic: 410: the address is gone').waitFor();
		await of('phone').getByText('paused', { exact: true }).waitFor();
		await of('zulu').getByText(/slack: 7 times in a row, next try/).waitFor();
		await page.getByText('The exchange does not know btc:1m (did you mean BTC?).').waitFor();
		await browser.accessible();
		await page.getByRole('button', { name: 'Resume ops' }).focus();
		await page.keyboard.press('Enter');
		await says(page, 'ops is ok.');
		await eventually(async () => assert.equal(await focused(page), 'Pause ops'));
		// Somebody else's change comes without taking the focus away.
		await api('POST', '/api/v1/channels/phone/resume');
		await of('phone').getByText('ok', { exact: true }).waitFor();
		assert.equal(await focused(page), 'Pause ops');
		await page.keyboard.press('Enter');
		await says(page, 'ops is paused.');
		assert.equal((await api('GET', '/api/v1/channels/ops')).state, 'paused');
		await browser.close();
	},

	// Every view on a small and a wide screen, dark and light, by the system's
	// wish and by the button.
	async looks() {
		const rules = (await api('GET', '/api/v1/rules')).rules;
		const [alert] = (await api('GET', '/api/v1/alerts?limit=1')).alerts;
		const views = { rules: '#/rules', new: '#/rules/new', alerts: '#/alerts',
			alert: `#/alerts/${alert.id}`, health: '#/health' };

		// What a view has when it is complete.
		const filled = { rules: '.list .row', new: 'form.sheet', alerts: '.list .row',
			alert: '.deliveries .empty', health: '.grid .card' };

		for (const rule of rules) {
			views[rule.rule_type] = `#/rules/${rule.id}`;
			views[`edit-${rule.rule_type}`] = `#/rules/${rule.id}/edit`;
		}
		for (const [width, scheme] of [[360, 'dark'], [1280, 'light']]) {
			// Nothing runs here, so /ready says 503.
			const browser = await open(url, { width, scheme, expected: [503] });
			const { page } = browser;
			const back = () => page.evaluate(() =>
				getComputedStyle(document.body).backgroundColor);

			for (const [name, hash] of Object.entries(views)) {
				await page.goto(`${url}/${hash}`);
				await page.locator('main h1').waitFor();
				await page.locator(filled[name] ?? (name.startsWith('edit')
					? 'form.sheet' : '.plot canvas')).first().waitFor();
				await browser.fits();
				await browser.accessible();
				assert.ok(await browser.shot(name) > 5000);
			}
			await browser.leave(() => page.goto(`${url}/docs`));
			await page.getByText('/api/v1/candles').first().waitFor();
			await browser.fits();
			await browser.accessible();
			await browser.shot('docs');

			const before = await back();
			assert.equal(before, scheme === 'dark' ? 'rgb(16, 21, 26)' : 'rgb(246, 247, 248)');
			await page.getByRole('button', { name: /theme/ }).click();
			assert.notEqual(await back(), before);
			await browser.leave(() => page.reload());
			assert.notEqual(await back(), before);
			await browser.close();
		}
	},

	// 120 rules: by page, by filter. A name that is markup stays text.
	async list() {
		const browser = await open(url);
		const { page } = browser;
		const shown = page.getByRole('list', { name: 'Rules' }).getByRole('listitem');

		await page.getByText('50 of 120').waitFor();
		await page.getByRole('button', { name: 'Show more' }).click();
		await page.getByText('100 of 120').waitFor();
		await page.getByRole('button', { name: 'Show more' }).click();
		await page.getByText('120 of 120').waitFor();
		assert.equal(await shown.count(), 120);
		assert.ok(await page.getByRole('button', { name: 'Show more' }).isHidden());
		await page.getByLabel('Symbol').fill('kPEPE');
		await page.getByLabel('Symbol').press('Enter');
		await page.getByText('1 of 1', { exact: true }).waitFor();
		await shown.getByText('<img src=x onerror=alert(1)>').waitFor();
		assert.equal(await page.locator('main img').count(), 0);
		await page.getByLabel('State').selectOption('true');
		await page.getByText('No rule fits this filter.').waitFor();
		await browser.close();
	},

	// The stream breaks off and begins again: nothing is missed, nothing is
	// shown twice. The test around it does as the lines on stdout say.
	async resume() {
		const browser = await open(url);
		const { page } = browser;
		const shown = page.getByRole('list', { name: /Alerts/ }).getByRole('listitem');
		const live = (state) => page.locator(`#live[data-state="${state}"]`).waitFor();

		await page.goto(`${url}/#/alerts`);
		await live('live');
		console.log('first');
		await page.getByText('1 of 1', { exact: true }).waitFor();
		console.log('stop');
		await live('waiting');
		console.log('start');
		await live('live');
		await page.getByText('4 of 4', { exact: true }).waitFor();
		assert.equal(await shown.count(), 4);
		console.log('many');
		// More than a page can hold: the newest stay.
		await eventually(async () => assert.equal(await shown.count(), 500));
		await page.getByText(/ of 904$/).waitFor();
		await page.locator('#announce', { hasText: /alerts, the last one/ })
			.waitFor({ state: 'attached' });
		await browser.close();
	},

	// The chart draws what the API says, and marks the alerts.
	async chart() {
		const rule = (await api('GET', '/api/v1/rules')).rules
			.find((r) => r.rule_type === 'rsi');
		const browser = await open(`${url}/#/rules/${rule.id}`, { expected: [404] });
		const { page } = browser;
		// How many pixels of a canvas have a colour that the sheet names.
		const painted = (n, names) => page.evaluate(([i, wanted]) => {
			const canvas = document.querySelectorAll('.plot canvas')[i];
			const probe = document.createElement('canvas')
				.getContext('2d', { willReadFrequently: true });
			const { data } = canvas.getContext('2d')
				.getImageData(0, 0, canvas.width, canvas.height);

			return wanted.map((name) => {
				probe.fillStyle = getComputedStyle(document.documentElement)
					.getPropertyValue(name).trim();
				probe.fillRect(0, 0, 1, 1);
				const [r, g, b] = probe.getImageData(0, 0, 1, 1).data;
				let count = 0;
				for (let at = 0; at < data.length; at += 4)
					count += data[at] === r && data[at + 1] === g &&
						data[at + 2] === b && data[at + 3] === 255;
				return count;
			});
		}, [n, names]);

		await page.locator('.plot canvas').nth(1).waitFor();
		for (const [n, names] of [[0, ['--up', '--down', '--mark']], [1, ['--line-1']]])
			for (const [i, count] of (await painted(n, names)).entries())
				assert.ok(count > 20, `${names[i]} is on ${count} pixels of canvas ${n}`);
		const { candles } = await api('GET',
			`/api/v1/candles?symbol=${rule.symbol}&interval=${rule.interval}&limit=1&rule_id=${rule.id}`);
		const words = await page.getByRole('img', { name: /closed bars/ }).getAttribute('aria-label');
		assert.ok(words.includes(`last close ${candles[0].close}`), words);
		assert.ok(words.includes(`rsi:14 ${Number(candles[0].values['rsi:14'].toPrecision(5))}`),
			words);
		// The legend tells of the last bar while nobody points at one.
		await page.locator('.u-legend').last()
			.getByText(String(Number(candles[0].values['rsi:14'].toPrecision(5)))).waitFor();
		await page.getByText('The last bars as a table').click();
		assert.equal(await page.locator('.scroll tr').count(), 21);
		assert.equal(await page.getByRole('link', { name: 'uPlot' }).getAttribute('href'),
			'/ui/uPlot.LICENSE.txt');

		// A coin for less than a cent is drawn and told with all its digits.
		const cheap = (await api('GET', '/api/v1/rules')).rules.find((r) => r.symbol === 'kTINY');
		await browser.leave(() => page.goto(`${url}/#/rules/${cheap.id}`));
		const upper = (await api('GET', `/api/v1/candles?symbol=kTINY&interval=15m&limit=1&rule_id=${cheap.id}`))
			.candles[0].values['bb:20:2'].upper;
		await page.getByRole('img', { name: new RegExp(`upper ${Number(upper.toPrecision(5))};`) }).waitFor();
		assert.ok(upper < 0.02);
		await browser.leave(() => page.goto(`${url}/#/rules/${rule.id}`));

		// A build without npm has no library, and says so.
		await page.route('**/ui/uPlot*', (route) => route.fulfill({ status: 404 }));
		await browser.leave(() => page.reload());
		await page.getByText('built without the chart library').waitFor();
		await browser.close();
	},

	// /docs shows the document and calls what it describes.
	async docs() {
		const browser = await open(`${url}/docs`);
		const { page } = browser;
		const operation = (id) => page.locator(`details#${id}`);

		await page.getByLabel('API key').fill(key);
		await operation('createRule').locator('summary').click();
		await operation('createRule').getByLabel('body').fill(JSON.stringify({ name: 'From docs',
			symbol: 'BTC', rule_type: 'candle_close', config: { value: '1', operator: '>' } }));
		await operation('createRule').getByRole('button').click();
		await operation('createRule').getByText('201').last().waitFor();
		await operation('listRules').locator('summary').click();
		await operation('listRules').getByLabel('symbol (query)').fill('BTC');
		await operation('listRules').getByRole('button').click();
		await operation('listRules').getByText('"From docs"').waitFor();
		await operation('deleteRule').locator('summary').click();
		await operation('deleteRule').getByLabel('rule_id (path)')
			.fill((await api('GET', '/api/v1/rules')).rules[0].id);
		await operation('deleteRule').getByRole('button').click();
		await eventually(async () => assert.equal((await api('GET', '/api/v1/rules')).total, 0));
		assert.equal(await page.locator('main details[id^="schema-"]').count() > 20, true);
		await browser.close();
	},
};

await scenarios[scenario]();
