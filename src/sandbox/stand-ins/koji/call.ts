import { Double, pythonJson, pythonPretty } from '../common/python.ts';
import { activate, type Command, parseArgs, usageError } from './context.ts';
import { kwargs } from './hub.ts';

/** `koji call METHOD ARG…`. */
export const call: Command = async (context) => {
  const { run, hub } = context;
  const { options, args } = parseArgs(context, {
    python: { names: ['-p', '--python'] },
    kwargs: { names: ['--kwargs'], takes: 'value' },
    json: { names: ['-j', '--json'] },
    json_input: { names: ['--json-input'] },
    json_output: { names: ['--json-output'] },
    bare: { names: ['-b', '--bare-strings'] },
  });
  const [method, ...words] = args;
  if (method === undefined) throw usageError(context, 'Please specify the name of the XML-RPC method');
  const jsonIn = options.json === true || options.json_input === true;
  const python = options.python === true || (options.kwargs !== undefined && !jsonIn);
  const named: Record<string, unknown> = {};
  const positional: unknown[] = [];
  try {
    if (options.kwargs !== undefined) {
      Object.assign(named, jsonIn ? JSON.parse(options.kwargs) : pythonLiteral(options.kwargs));
    }
    for (const word of words) {
      const keyword = /^([A-Za-z_]\w*)=([\s\S]*)$/.exec(word);
      if (jsonIn) positional.push(JSON.parse(word));
      else if (python) positional.push(pythonLiteral(word));
      else if (keyword?.[1] !== undefined) named[keyword[1]] = argument(keyword[2] ?? '');
      else positional.push(argument(word));
    }
  } catch (error) {
    throw usageError(context, `Invalid argument: ${error instanceof Error ? error.message : String(error)}`);
  }

  await activate(context);
  const tail = Object.keys(named).length > 0 ? [kwargs(named)] : [];
  const result = await hub.callExactly(method, ...positional, ...tail);
  run.print(
    options.json === true || options.json_output === true ? pythonJson(result, 2) : pythonPretty(result),
  );
  return 0;
};

/** Tried as a whole number, then a float, then the words of Python, else text. */
function argument(word: string): unknown {
  if (/^[+-]?\d+$/.test(word)) return Number(word);
  if (/^[+-]?(\d+\.\d*|\.\d+|\d+)(e[+-]?\d+)?$/i.test(word)) return new Double(Number(word));
  const words: Readonly<Record<string, unknown>> = { None: null, True: true, False: false };
  return Object.hasOwn(words, word) ? words[word] : word;
}

/** A literal of Python as far as arguments use them: text, numbers, lists, tuples, dicts, None, True, False. */
function pythonLiteral(text: string): unknown {
  const json = text.replace(
    /'((?:[^'\\]|\\.)*)'|"(?:[^"\\]|\\.)*"|\bNone\b|\bTrue\b|\bFalse\b|[()]|,\s*(?=[\])}])/g,
    (match, single: string | undefined) => {
      if (single !== undefined) return JSON.stringify(single.replaceAll("\\'", "'"));
      if (match.startsWith('"')) return match;
      if (match.startsWith(',')) return '';
      const words: Readonly<Record<string, string>> = {
        None: 'null',
        True: 'true',
        False: 'false',
        '(': '[',
        ')': ']',
      };
      return words[match] ?? match;
    },
  );
  return JSON.parse(json);
}
