// A server that issues session ids and requires none, on an SDK of its own: typescript_sylphx.mjs PORT
// Run in a folder beside node_modules.
import { pathToFileURL } from 'node:url';

// These packages name no file for `require`.
const load = name => import(pathToFileURL(`${process.cwd()}/node_modules/${name}/dist/index.js`).href);
const { createServer, tool, text, http } = await load('@sylphx/mcp-server-sdk');
const { object, str } = await load('@sylphx/vex');

const greet = tool().description('Greets').input(object({ name: str() })).handler(({ input }) => text(`Hello ${input.name}`));
const transport = http({ port: Number(process.argv[2]), hostname: '127.0.0.1' });
await createServer({ name: 'hello', version: '1.0.0', tools: { greet }, transport }).start();
