/** CRC-32 as zips have it (ISO 3309), over bytes that come in pieces. */

const TABLE = new Uint32Array(256).map((_, number) => {
  let value = number;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** The CRC of what was taken so far. */
export class Crc {
  constructor() {
    this.state = 0xffffffff;
  }

  take(data) {
    let state = this.state;
    for (let place = 0; place < data.length; place++) state = TABLE[(state ^ data[place]) & 0xff] ^ (state >>> 8);
    this.state = state;
  }

  get value() {
    return (this.state ^ 0xffffffff) >>> 0;
  }
}
