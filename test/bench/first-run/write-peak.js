// Preloaded: writes the most memory that this process ever held (kB, from the kernel) into the file PEAK_FILE when it ends.
import { readFileSync, writeFileSync } from 'node:fs';

process.on('exit', () => {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  writeFileSync(process.env['PEAK_FILE'], String(kilobytes));
});
