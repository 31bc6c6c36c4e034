// IronRDP's web client without a browser: what it draws, hears and says, as lines of JSON.
//
// Its only argument is JSON: where the module of its npm package is, whom to connect to, and as whom.  Commands come as
// lines of JSON on standard input, events go as lines of JSON to standard output, its log to standard error.
import fs from "node:fs";
import net from "node:net";
import readline from "node:readline";
import tls from "node:tls";

const options = JSON.parse(process.argv[2]);

function tell(event, more = {}) {
  fs.writeSync(1, JSON.stringify({ event, ...more }) + "\n");
}

// What a browser has.

const size = { width: 0, height: 0 };
let pixels = Buffer.alloc(0);

globalThis.Window = class {};
Object.setPrototypeOf(globalThis, globalThis.Window.prototype);
globalThis.window = globalThis.self = globalThis;
for (const name of ["log", "info", "warn", "error", "debug"]) {
  // The log is styled for a browser's console.
  console[name] = (first, ...rest) => process.stderr.write([String(first).replaceAll("%c", ""), ...rest].join(" ") + "\n");
}

globalThis.CloseEvent ??= class extends Event {
  constructor(type, init = {}) {
    super(type);
    Object.assign(this, { code: 1000, reason: "", wasClean: true }, init);
  }
};
globalThis.ImageData = class {
  constructor(data, width) {
    // `data` is a view of the WebAssembly memory, which may move.
    Object.assign(this, { data: Buffer.from(data), width, height: data.length / width / 4 });
  }
};
globalThis.CanvasRenderingContext2D = class {
  putImageData(image, x, y, left = 0, top = 0, width = image.width, height = image.height) {
    for (let row = top; row < Math.min(top + height, image.height); row++) {
      const from = (row * image.width + left) * 4;
      const length = Math.min(width, size.width - x - left) * 4;
      if (y + row < size.height && length > 0) {
        image.data.copy(pixels, ((y + row) * size.width + x + left) * 4, from, from + length);
      }
    }
    statistics.draws++;
  }
};
globalThis.HTMLCanvasElement = class {
  getContext() {
    return new CanvasRenderingContext2D();
  }
  get width() { return size.width; }
  get height() { return size.height; }
  set width(value) { resized(value, size.height); }
  set height(value) { resized(size.width, value); }
};
function resized(width, height) {
  Object.assign(size, { width, height });
  pixels = Buffer.alloc(width * height * 4);
}
const statistics = { draws: 0 };

// DER, as far as RDCleanPath needs it.

function der(tag, ...contents) {
  const content = Buffer.concat(contents);
  const length = [];
  for (let rest = content.length; rest > 0; rest >>>= 8) {
    length.unshift(rest & 255);
  }
  const long = content.length < 128 ? [] : [0x80 + length.length];
  return Buffer.concat([Buffer.from([tag, ...long, ...(content.length ? length : [0])]), content]);
}
function field(number, content) {
  return der(0xa0 + number, content);
}
function elements(data) {
  const found = [];
  for (let at = 0; at < data.length; ) {
    const tag = data[at];
    let length = data[at + 1];
    at += 2;
    if (length & 0x80) {
      const count = length & 0x7f;
      length = data.readUIntBE(at, count);
      at += count;
    }
    found.push({ tag, content: data.subarray(at, at + length) });
    at += length;
  }
  return found;
}

// What the client says in its first message of [MS-RDPBCGR]: it offers 16 bits a pixel, and draws all depths.

const CORE_DATA = Buffer.from([0x01, 0xc0]);

function withDepth(bytes, depth) {
  const key = bytes.indexOf("Duca");
  if (key < 0) {
    return false;
  }
  const at = bytes.indexOf(CORE_DATA, key);
  bytes.writeUInt16LE(Math.min(depth, 24), at + 140); // highColorDepth
  bytes.writeUInt16LE(bytes.readUInt16LE(at + 142) | (depth === 32 ? 8 : 1), at + 142); // supportedColorDepths
  // earlyCapabilityFlags: RNS_UD_CS_WANT_32BPP_SESSION
  bytes.writeUInt16LE((bytes.readUInt16LE(at + 144) & ~2) | (depth === 32 ? 2 : 0), at + 144);
  return true;
}

// The proxy that speaks RDCleanPath, in place of a WebSocket to it: it connects, negotiates, and does TLS.

globalThis.WebSocket = class extends EventTarget {
  #sent = Promise.resolve();
  #hasDepth = false;

  constructor() {
    super();
    this.readyState = 0;
    this.binaryType = "arraybuffer";
    setImmediate(() => {
      this.readyState = 1;
      this.dispatchEvent(new Event("open"));
    });
  }

  send(data) {
    // What is sent are Blobs, which are read later; all of them in order.
    this.#sent = this.#sent.then(async () => {
      const bytes = Buffer.from(await data.arrayBuffer());
      if (this.stream) {
        this.#hasDepth ||= !options.depth || withDepth(bytes, options.depth);
        this.stream.write(bytes);
      } else {
        this.#connect(bytes);
      }
    });
  }

  close() {
    this.stream?.destroy();
    this.#closed();
  }

  #connect(request) {
    const fields = elements(elements(request)[0].content);
    const inner = (number) => elements(fields.find((one) => one.tag === 0xa0 + number).content)[0].content;
    const [host, port] = inner(2).toString().split(":");
    const socket = (this.stream = net.connect(Number(port), host, () => socket.write(inner(6))));
    socket.setNoDelay(true);
    socket.on("error", () => this.#closed());
    socket.once("data", (answer) => {
      const protocol = answer.length >= 19 && answer[11] === 2 ? answer.readUInt32LE(15) : -1;
      if (protocol < 0) {
        const error = field(1, der(0x30, field(0, der(2, Buffer.from([2])))));
        this.#receive(der(0x30, VERSION, error, field(6, der(4, answer))));
        return;
      }
      const secure = tls.connect({ socket, rejectUnauthorized: false }, () => {
        this.stream = secure;
        const certificate = secure.getPeerCertificate().raw;
        const chain = field(7, der(0x30, der(4, certificate)));
        const address = field(9, der(0x0c, Buffer.from(`${host}:${port}`)));
        this.#receive(der(0x30, VERSION, field(6, der(4, answer)), chain, address));
        secure.on("data", (bytes) => this.#receive(bytes));
        secure.on("end", () => this.#closed());
        secure.on("close", () => this.#closed());
      });
      secure.on("error", () => this.#closed());
    });
  }

  #receive(bytes) {
    const event = new Event("message");
    event.data = new Uint8Array(bytes).buffer;
    this.dispatchEvent(event);
  }

  #closed() {
    if (this.readyState !== 3) {
      this.readyState = 3;
      this.dispatchEvent(new CloseEvent("close", { code: 1006, reason: "", wasClean: false }));
    }
  }
};
const VERSION = field(0, der(2, Buffer.from([0x0d, 0x3e])));

// The client.

const rdp = await import(options.module);
const { SessionBuilder, DesktopSize, ClipboardData, InputTransaction, DeviceEvent } = rdp.Backend;
await rdp.init(options.log);

function failed(error) {
  const said = error?.backtrace ? error.backtrace() : error?.stack ?? String(error);
  tell("failed", { kind: error?.kind?.() ?? null, said });
}
function base64(value) {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64");
}

const canvas = new HTMLCanvasElement();
const builder = new SessionBuilder()
  .username(options.user)
  .password(options.password)
  .serverDomain(options.domain)
  .destination(options.destination)
  .proxyAddress("ws://127.0.0.1/")
  .authToken("token")
  .desktopSize(new DesktopSize(options.width, options.height))
  .renderCanvas(canvas)
  .setCursorStyleCallback((kind, data, x, y) => tell("cursor", { kind, data, x, y }))
  .setCursorStyleCallbackContext(null)
  .canvasResizedCallback(() => tell("resized", { width: size.width, height: size.height }))
  .remoteClipboardChangedCallback((content) => {
    const items = content.items().map((item) => {
      const value = item.value();
      return [item.mimeType(), typeof value === "string" ? value : base64(value)];
    });
    tell("clipboard", { items });
  })
  .forceClipboardUpdateCallback(() => {
    // It is ready when it has said what there is to be pasted: nothing.
    session.onClipboardPaste(new ClipboardData()).catch(failed);
    tell("clipboard ready");
  })
  .extension(rdp.displayControl(true))
  .extension(rdp.enableCredssp(options.credssp))
  .extension(rdp.filesAvailableCallback((files, id) => tell("files", { files, id: id ?? null })))
  .extension(
    rdp.fileContentsRequestCallback(({ streamId, index, flags, position, size: wanted }) => {
      const data = files[index];
      const length = Buffer.alloc(8);
      length.writeBigUInt64LE(BigInt(data.length));
      const answer = flags & SIZE ? length : data.subarray(position, position + wanted);
      tell("file wanted", { index, flags, position, size: wanted });
      const response = { stream_id: streamId, is_error: false, data: new Uint8Array(answer) };
      setImmediate(() => session.invokeExtension(rdp.submitFileContents(response)));
    }),
  )
  .extension(
    rdp.fileContentsResponseCallback(({ streamId, isError, data }) =>
      tell("file contents", { streamId, isError, data: base64(data) }),
    ),
  )
  .extension(rdp.lockCallback(() => {}))
  .extension(rdp.unlockCallback(() => {}))
  .extension(rdp.locksExpiredCallback(() => {}));

const SIZE = 1;
let files = [];
let session;
const commands = {
  picture({ path }) {
    fs.writeFileSync(path, pixels);
    tell("picture", { path, ...size, ...statistics });
  },
  input({ events }) {
    const transaction = new InputTransaction();
    for (const [name, ...values] of events) {
      transaction.addEvent(DeviceEvent[name](...values));
    }
    session.applyInputs(transaction);
  },
  release() {
    session.releaseAllInputs();
  },
  locks({ scroll, num, caps, kana }) {
    session.synchronizeLockKeys(scroll, num, caps, kana);
  },
  resize({ width, height }) {
    session.resize(width, height, 100, null, null);
  },
  copy({ items }) {
    const content = new ClipboardData();
    for (const [kind, value] of items) {
      if (kind.startsWith("text/")) {
        content.addText(kind, value);
      } else {
        content.addBinary(kind, new Uint8Array(Buffer.from(value, "base64")));
      }
    }
    session.onClipboardPaste(content).catch(failed);
  },
  copyFiles({ offered }) {
    files = offered.map(({ data }) => Buffer.from(data, "base64"));
    session.invokeExtension(rdp.initiateFileCopy(offered.map(({ data: _, ...file }) => file)));
  },
  readFile(request) {
    session.invokeExtension(rdp.requestFileContents(request));
  },
  close() {
    session.shutdown();
  },
};

try {
  session = await builder.connect();
  const desktop = session.desktopSize();
  tell("connected", { width: desktop.width, height: desktop.height });
  readline.createInterface({ input: process.stdin }).on("line", (line) => {
    const { do: name, ...values } = JSON.parse(line);
    try {
      commands[name](values);
    } catch (error) {
      tell("refused", { name, said: error?.backtrace?.() ?? String(error) });
    }
  });
  const ended = await session.run();
  tell("ended", { reason: ended.reason() });
  process.exit(0);
} catch (error) {
  failed(error);
  process.exit(1);
}
