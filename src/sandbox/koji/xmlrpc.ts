import type { KojiFault } from './faults.ts';
import { Binary, DateTime, Float, floatText, isList, repr, type Value } from './value.ts';
import { decodeXml, type Element, parseXml, XmlError } from './xml.ts';

/** A request of a client. */
export interface Call {
  /** Undefined where the request names none. */
  readonly method: string | undefined;
  readonly params: readonly Value[];
}

/** Reads a methodCall. Throws an XmlError with the words of the hub's parser. */
export function decodeCall(bytes: Buffer): Call {
  const root = parseXml(decodeXml(bytes));
  const name = child(root, 'methodName');
  const params = child(root, 'params');
  if (name === undefined && params === undefined && child(root, 'fault') === undefined) {
    throw new XmlError('xmlrpc.client.ResponseError', 'ResponseError()');
  }
  const values = (params?.children ?? [])
    .filter(({ name: tag }) => tag === 'param')
    .map((param) => decodeValue(child(param, 'value')));
  return { method: name?.text, params: values };
}

function child(element: Element, name: string): Element | undefined {
  return element.children.find((one) => one.name === name);
}

function decodeValue(value: Element | undefined): Value {
  if (value === undefined) throw new XmlError('xmlrpc.client.ResponseError', 'ResponseError()');
  const typed = value.children[0];
  if (typed === undefined) return value.text;
  switch (typed.name) {
    case 'nil':
      return null;
    case 'string':
      return typed.text;
    case 'boolean':
      if (typed.text === '1') return true;
      if (typed.text === '0') return false;
      throw new XmlError('TypeError', 'bad boolean value');
    case 'int':
    case 'i1':
    case 'i2':
    case 'i4':
    case 'i8':
    case 'biginteger': {
      const text = typed.text.trim();
      if (/^[+-]?\d+$/.test(text)) return Number(text);
      throw new XmlError('ValueError', `invalid literal for int() with base 10: ${repr(typed.text)}`);
    }
    case 'double':
    case 'float': {
      const number = Number(typed.text);
      if (typed.text.trim() !== '' && !Number.isNaN(number)) return new Float(number);
      throw new XmlError('ValueError', `could not convert string to float: ${repr(typed.text)}`);
    }
    case 'dateTime.iso8601':
      return new DateTime(typed.text);
    case 'base64':
      return new Binary(typed.text);
    case 'array':
      return (child(typed, 'data')?.children ?? []).map(decodeValue);
    case 'struct':
      return Object.fromEntries(
        typed.children.map((member) => [
          child(member, 'name')?.text ?? '',
          decodeValue(child(member, 'value')),
        ]),
      );
    default:
      throw new XmlError('xmlrpc.client.ResponseError', `unknown tag '${typed.name}'`);
  }
}

/** A methodResponse, byte for byte as Python's marshaller lays it out. */
export function encodeResponse(value: Value): string {
  return `<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n${encodeValue(value)}</param>\n</params>\n</methodResponse>\n`;
}

/** A fault; its HTTP status is 200. */
export function encodeFault({ code, message }: Pick<KojiFault, 'code' | 'message'>): string {
  const body = encodeValue({ faultCode: code, faultString: message });
  return `<?xml version='1.0'?>\n<methodResponse>\n<fault>\n${body}</fault>\n</methodResponse>\n`;
}

/** A methodCall: the form in which the hub stores what a task was asked for. */
export function encodeCall(method: string, params: readonly Value[]): string {
  const body = params.map((param) => `<param>\n${encodeValue(param)}</param>\n`).join('');
  return `<?xml version='1.0'?>\n<methodCall>\n<methodName>${method}</methodName>\n<params>\n${body}</params>\n</methodCall>\n`;
}

const LARGEST_INT = 2 ** 31 - 1;

function encodeValue(value: Value): string {
  // No newline behind nil: so does Python.
  return value === null ? '<value><nil/></value>' : `<value>${encodeTyped(value)}</value>\n`;
}

function encodeTyped(value: Exclude<Value, null>): string {
  if (typeof value === 'boolean') return `<boolean>${value ? 1 : 0}</boolean>`;
  if (typeof value === 'string') return `<string>${escapeText(value)}</string>`;
  if (typeof value === 'number') {
    if (!Number.isInteger(value)) return `<double>${floatText(value, false)}</double>`;
    // BigInt, because a large number would be written with an exponent.
    return Math.abs(value) > LARGEST_INT ? `<i8>${BigInt(value)}</i8>` : `<int>${value}</int>`;
  }
  if (value instanceof Float) return `<double>${floatText(value.value, false)}</double>`;
  if (value instanceof DateTime) return `<dateTime.iso8601>${value.text}</dateTime.iso8601>`;
  if (value instanceof Binary) return `<base64>\n${value.encoded}\n</base64>`;
  if (isList(value)) return `<array><data>\n${value.map(encodeValue).join('')}</data></array>`;
  const members = Object.entries(value).map(
    ([name, member]) => `<member>\n<name>${escapeText(name)}</name>\n${encodeValue(member)}</member>\n`,
  );
  return `<struct>\n${members.join('')}</struct>`;
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
