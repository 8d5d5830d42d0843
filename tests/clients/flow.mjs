// The whole loop with OpenAI's JavaScript client: node flow.mjs URL KEY TRAINING.jsonl MODEL
// Needs the package `openai`, found as node finds packages from this file's folder or from
// NODE_PATH. Prints one JSON object with what it saw.

import { createReadStream, readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const { OpenAI, toFile } = require("openai");

const [url, key, training, base] = process.argv.slice(2);
const client = new OpenAI({ baseURL: url, apiKey: key, maxRetries: 0 });
const saw = {};

const file = await client.files.create({ file: createReadStream(training), purpose: "fine-tune" });
saw.bytes = file.bytes;
saw.listed = [];
for await (const one of client.files.list({ purpose: "fine-tune" })) saw.listed.push(one.id);
saw.content = (await (await client.files.content(file.id)).text()).length;

const content = readFileSync(training);
const upload = await client.uploads.create({
  filename: "rows.jsonl",
  purpose: "fine-tune",
  bytes: content.length,
  mime_type: "application/jsonl",
});
const half = Math.floor(content.length / 2);
const parts = [];
for (const data of [content.subarray(0, half), content.subarray(half)]) {
  parts.push(await client.uploads.parts.create(upload.id, { data: await toFile(data) }));
}
const completed = await client.uploads.complete(upload.id, { part_ids: parts.map((p) => p.id) });
saw.upload = completed.status;

let job = await client.fineTuning.jobs.create({
  model: base,
  training_file: completed.file.id,
  suffix: "from node",
  method: { type: "supervised", supervised: { hyperparameters: { n_epochs: 2 } } },
});
saw.first = job.status;
while (!["succeeded", "failed", "cancelled"].includes(job.status)) {
  await new Promise((done) => setTimeout(done, 50));
  job = await client.fineTuning.jobs.retrieve(job.id);
}
saw.status = job.status;
saw.error = job.error;
saw.model = job.fine_tuned_model;
saw.events = [];
for await (const event of client.fineTuning.jobs.listEvents(job.id, { limit: 5 })) {
  saw.events.unshift(event.message);
}
saw.checkpoints = [];
for await (const one of client.fineTuning.jobs.checkpoints.list(job.id)) {
  saw.checkpoints.push(one.step_number);
}
const results = await (await client.files.content(job.result_files[0])).text();
saw.results = Buffer.from(results, "base64").toString().split("\n")[0];

const question = JSON.parse(content.toString().split("\n")[3]).messages.slice(0, -1);
const answer = await client.chat.completions.create({ model: saw.model, messages: question });
saw.answer = answer.choices[0].message.content;
const stream = await client.chat.completions.create({
  model: saw.model,
  messages: question,
  stream: true,
  stream_options: { include_usage: true },
});
saw.streamed = "";
for await (const chunk of stream) {
  saw.streamed += chunk.choices[0]?.delta?.content ?? "";
  saw.usage = chunk.usage?.completion_tokens;
}

try {
  await client.chat.completions.create({ model: "nope", messages: question });
} catch (error) {
  saw.refused = [error.constructor.name, error.status, error.code, error.requestID?.slice(0, 4)];
}
const models = [];
for await (const model of client.models.list()) models.push(model.id);
saw.models = models.filter((id) => id.startsWith("ft:")).length;
saw.deleted = (await client.models.delete(saw.model)).deleted;
console.log(JSON.stringify(saw));
