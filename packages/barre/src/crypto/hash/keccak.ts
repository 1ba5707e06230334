const rateBytes = 136
const digestBytes = 32
const lanes = 25
const rounds = 24

/** Where the padding begins: Keccak as it won the competition, and SHA-3 as it was standardised. */
export type Padding = 0x01 | 0x06

/** One Keccak-256 computation; its bytes come in any pieces. OpenSSL has only SHA3-256, which pads differently. */
export class Keccak256 {
  // Each lane of 64 bits is two halves: low at 2 * index, high behind it.
  readonly #state = new Uint32Array(2 * lanes)
  readonly #block = Buffer.alloc(rateBytes)
  readonly #padding: Padding
  #filled = 0

  constructor(padding: Padding = 0x01) {
    this.#padding = padding
  }

  update(data: Uint8Array): this {
    let offset = 0
    while (offset < data.length) {
      const taken = Math.min(rateBytes - this.#filled, data.length - offset)
      this.#block.set(data.subarray(offset, offset + taken), this.#filled)
      this.#filled += taken
      offset += taken
      if (this.#filled === rateBytes) this.#absorb()
    }
    return this
  }

  digest(): Buffer {
    this.#block.fill(0, this.#filled)
    this.#block[this.#filled]! ^= this.#padding
    this.#block[rateBytes - 1]! ^= 0x80
    this.#absorb()
    const digest = Buffer.alloc(digestBytes)
    for (let half = 0; half < digestBytes / 4; half++) digest.writeUInt32LE(this.#state[half]!, half * 4)
    return digest
  }

  #absorb(): void {
    for (let half = 0; half < rateBytes / 4; half++) this.#state[half]! ^= this.#block.readUInt32LE(half * 4)
    this.#filled = 0
    for (let round = 0; round < rounds; round++) permute(this.#state, round)
  }
}

const columns = new Uint32Array(10)
const moved = new Uint32Array(2 * lanes)

/** One round of Keccak-f[1600]: FIPS 202 §3.3. */
function permute(state: Uint32Array, round: number): void {
  theta(state)
  rhoAndPi(state)
  chi(state)
  state[0]! ^= roundConstants[2 * round]!
  state[1]! ^= roundConstants[2 * round + 1]!
}

function theta(state: Uint32Array): void {
  for (let half = 0; half < 10; half++) {
    columns[half] =
      state[half]! ^ state[half + 10]! ^ state[half + 20]! ^ state[half + 30]! ^ state[half + 40]!
  }
  for (let x = 0; x < 5; x++) {
    const left = 2 * ((x + 4) % 5)
    const right = 2 * ((x + 1) % 5)
    const [low, high] = [columns[right]!, columns[right + 1]!]
    const turnedLow = columns[left]! ^ ((low << 1) | (high >>> 31))
    const turnedHigh = columns[left + 1]! ^ ((high << 1) | (low >>> 31))
    for (let lane = 2 * x; lane < 2 * lanes; lane += 10) {
      state[lane]! ^= turnedLow
      state[lane + 1]! ^= turnedHigh
    }
  }
}

function rhoAndPi(state: Uint32Array): void {
  for (let lane = 0; lane < lanes; lane++) {
    const offset = rotations[lane]!
    const swap = offset >= 32
    const low = state[2 * lane + (swap ? 1 : 0)]!
    const high = state[2 * lane + (swap ? 0 : 1)]!
    const turn = offset % 32
    const [x, y] = [lane % 5, Math.floor(lane / 5)]
    const target = 2 * (y + 5 * ((2 * x + 3 * y) % 5))
    moved[target] = turn === 0 ? low : (low << turn) | (high >>> (32 - turn))
    moved[target + 1] = turn === 0 ? high : (high << turn) | (low >>> (32 - turn))
  }
}

function chi(state: Uint32Array): void {
  for (let row = 0; row < 2 * lanes; row += 10) {
    for (let half = 0; half < 10; half++) {
      state[row + half] =
        moved[row + half]! ^ (~moved[row + ((half + 2) % 10)]! & moved[row + ((half + 4) % 10)]!)
    }
  }
}

/** FIPS 202 §3.2.2, table 2. */
const rotations: Uint8Array = computeRotations()

function computeRotations(): Uint8Array {
  const offsets = new Uint8Array(lanes)
  let [x, y] = [1, 0]
  for (let step = 0; step < 24; step++) {
    offsets[x + 5 * y] = (((step + 1) * (step + 2)) / 2) % 64
    ;[x, y] = [y, (2 * x + 3 * y) % 5]
  }
  return offsets
}

/** FIPS 202 §3.2.5, low half first. */
const roundConstants: Uint32Array = computeRoundConstants()

function computeRoundConstants(): Uint32Array {
  const constants = new Uint32Array(2 * rounds)
  let register = 1
  for (let round = 0; round < rounds; round++) {
    for (let bit = 0; bit < 7; bit++) {
      const place = 2 ** bit - 1
      if ((register & 1) === 1) constants[2 * round + (place >= 32 ? 1 : 0)]! ^= 1 << (place % 32)
      register = (register << 1) ^ (register >> 7 === 1 ? 0x171 : 0)
    }
  }
  return constants
}
