// Exact times. The server writes them as "3/2", "1.5" or "5"; a floating-point number is for drawing alone.

//: Most decimals of a time that is written as a decimal number.
const DECIMALS = 12;
const FORM = /^\s*(-?)(\d+)(?:\.(\d+))?(?:\/(\d+))?\s*$/;

function divisor(a, b) {
  while (b) [a, b] = [b, a % b];
  return a < 0n ? -a : a;
}

export class Fraction {
  constructor(top, bottom = 1n) {
    const common = divisor(top, bottom) || 1n;
    this.top = top / common;
    this.bottom = bottom / common;
  }

  /** The time that a text names; null where it names none. */
  static parse(text) {
    const match = FORM.exec(String(text));
    if (!match) return null;
    const [, sign, whole, decimals = "", below = "1"] = match;
    const bottom = BigInt(below) * 10n ** BigInt(decimals.length);
    if (bottom === 0n) return null;
    const top = BigInt(whole + decimals);
    return new Fraction(sign ? -top : top, bottom);
  }

  plus(other) {
    return new Fraction(this.top * other.bottom + other.top * this.bottom, this.bottom * other.bottom);
  }

  minus(other) {
    return this.plus(new Fraction(-other.top, other.bottom));
  }

  /** Below 0, 0 or above 0, as a comparison for sorting. */
  compare(other) {
    const difference = this.top * other.bottom - other.top * this.bottom;
    return difference < 0n ? -1 : difference > 0n ? 1 : 0;
  }

  get number() {
    return Number(this.top) / Number(this.bottom);
  }

  /** As --start and --duration take it: a decimal number where one is exact, else a fraction. */
  toString() {
    for (let digits = 0; digits <= DECIMALS; digits++) {
      const scaled = this.top * 10n ** BigInt(digits);
      if (scaled % this.bottom) continue;
      const sign = scaled < 0n ? "-" : "";
      const text = String(scaled / this.bottom).replace("-", "").padStart(digits + 1, "0");
      return digits ? `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}` : sign + text;
    }
    return `${this.top}/${this.bottom}`;
  }
}

/** Seconds for people: 1:02.500, or 2.500 s below a minute. */
export function seconds(value, digits = 3) {
  const number = value instanceof Fraction ? value.number : value;
  const minutes = Math.floor(number / 60);
  if (minutes < 1) return `${number.toFixed(digits)} s`;
  const hours = Math.floor(minutes / 60);
  const rest = (number - minutes * 60).toFixed(digits).padStart(digits ? 3 + digits : 2, "0");
  const middle = hours ? `${hours}:${String(minutes % 60).padStart(2, "0")}` : String(minutes);
  return `${middle}:${rest}`;
}
