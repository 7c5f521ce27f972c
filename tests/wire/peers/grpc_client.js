// A client of gRPC in JavaScript: makes one call of each kind through the proxy at the port it is given.
//
// Prints one line for each: the case, a colon, what came of it. Messages are plain bytes.

const grpc = require("@grpc/grpc-js");

const port = process.argv[2];
const bytes = (it) => it;
const client = () =>
  new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), {
    "grpc.default_authority": "echo.test.svc",
    "grpc.enable_retries": 0,
    "grpc.use_local_subchannel_pool": 1,
  });
const method = (name) => `/amb.test.Echo/${name}`;

function unary(through, name, message, fields = {}) {
  const metadata = new grpc.Metadata();
  Object.entries(fields).forEach(([key, value]) => metadata.set(key, value));
  const options = { deadline: Date.now() + 20_000 };
  return new Promise((resolve, reject) => {
    through.makeUnaryRequest(method(name), bytes, bytes, message, metadata, options, (error, answer) =>
      error ? reject(error) : resolve(answer),
    );
  });
}

// The messages of a stream, counted.
function expand(through, count, size) {
  const message = Buffer.from(JSON.stringify([count, size]));
  return new Promise((resolve, reject) => {
    let messages = 0;
    const stream = through.makeServerStreamRequest(method("Expand"), bytes, bytes, message);
    stream.on("data", () => messages++);
    stream.on("end", () => resolve(messages));
    stream.on("error", reject);
  });
}

async function chat(through) {
  const said = [];
  const stream = through.makeBidiStreamRequest(method("Chat"), bytes, bytes);
  const words = ["one", "two", "three"];
  stream.write(Buffer.from(words.shift()));
  for await (const word of stream) {
    said.push(word.toString());
    words.length > 0 ? stream.write(Buffer.from(words.shift())) : stream.end();
  }
  return said.join(" ");
}

// Cancels calls whose answers have begun, one after another.
async function cancelled(through, calls) {
  const codes = new Set();
  for (let at = 0; at < calls; at++) {
    const message = Buffer.from("[100000, 10]");
    const stream = through.makeServerStreamRequest(method("Expand"), bytes, bytes, message);
    const ended = new Promise((resolve) => stream.on("error", (error) => resolve(error.code)));
    stream.once("data", () => stream.cancel());
    codes.add(grpc.status[await ended]);
  }
  return [...codes].join(" ");
}

async function many() {
  const wanted = Buffer.from("hello");
  const through = Array.from({ length: 16 }, client);
  const calls = through.flatMap((it) => Array.from({ length: 64 }, () => unary(it, "Unary", wanted)));
  const answers = await Promise.all(calls);
  return answers.filter((answer) => answer.equals(wanted)).length;
}

async function failed(call) {
  return call.then(
    () => "OK",
    (error) => `${grpc.status[error.code]} ${error.details}`,
  );
}

async function main() {
  const one = client();
  const large = Buffer.alloc(3_000_000, "x");
  const say = (name, came) => console.log(`${name}: ${came}`);
  say("unary", await unary(one, "Unary", Buffer.from("hello")));
  say("large", (await unary(one, "Unary", large)).equals(large));
  say("messages", await expand(one, 20_000, 10));
  say("chat", await chat(one));
  say("cancelled", await cancelled(one, 100));
  const flaky = Buffer.from(JSON.stringify({ times: 2, code: "UNAVAILABLE" }));
  say("retry", await failed(unary(one, "Flaky", flaky, { "x-case": "js-retry" })));
  say("many", await many());
  process.exit(0);
}

main();
