// FastCGI records, as https://fastcgi-archives.github.io/FastCGI_Specification.html
// has them: made of what is to be sent, and taken out of what came.

export const TYPE = {
  BEGIN_REQUEST: 1,
  ABORT_REQUEST: 2,
  END_REQUEST: 3,
  PARAMS: 4,
  STDIN: 5,
  STDOUT: 6,
  STDERR: 7,
  DATA: 8,
  GET_VALUES: 9,
  GET_VALUES_RESULT: 10,
  UNKNOWN_TYPE: 11,
};

export const KEEP_CONN = 1;
const HEADER = 8;
const CONTENT_MAX = 65535;

export function record(type, id, content = "", { padding = 0, version = 1 } = {}) {
  const body = Buffer.from(content, "latin1");
  return Buffer.concat([
    Buffer.from([version, type, id >> 8, id & 255, body.length >> 8,
      body.length & 255, padding, 0]),
    body,
    Buffer.alloc(padding, 0xee),
  ]);
}

export function begin(id, { role = 1, flags = 0, more = "" } = {}) {
  return record(TYPE.BEGIN_REQUEST, id,
    String.fromCharCode(role >> 8, role & 255, flags, 0, 0, 0, 0, 0) + more);
}

function length(n) {
  return n < 128
    ? String.fromCharCode(n)
    : String.fromCharCode((n >>> 24) | 128, (n >> 16) & 255, (n >> 8) & 255, n & 255);
}

// pairs([[name, value], ...]): as PARAMS and GET_VALUES have them.
export function pairs(list) {
  return list.map(([name, value]) =>
    length(name.length) + length(value.length) + name + value).join("");
}

// params(id, text): records of at most ${size} bytes each, and the empty one.
export function params(id, text, { size = CONTENT_MAX, padding = 0 } = {}) {
  const records = [];
  for (let at = 0; at < text.length; at += size)
    records.push(record(TYPE.PARAMS, id, text.slice(at, at + size), { padding }));
  return Buffer.concat([...records, record(TYPE.PARAMS, id)]);
}

// Takes bytes as they come and has those records that are whole.
export class Records {
  #rest = Buffer.alloc(0);

  take(bytes) {
    const whole = [];
    let data = Buffer.concat([this.#rest, bytes]);
    while (data.length >= HEADER) {
      const content = data.readUInt16BE(4);
      const end = HEADER + content + data[6];
      if (data.length < end) break;
      whole.push({
        version: data[0],
        type: data[1],
        id: data.readUInt16BE(2),
        padding: data[6],
        reserved: data[7],
        text: data.toString("latin1", HEADER, HEADER + content),
      });
      data = data.subarray(end);
    }
    this.#rest = data;
    return whole;
  }

  // How many bytes came of a record that is not whole.
  get left() {
    return this.#rest.length;
  }
}
