// Servers on the TypeScript SDK v2: typescript_v2.mjs PORT modern|modern-sse|dual|bearer
// `dual` keeps sessions for clients with a handshake. Run in a folder beside node_modules.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(`${process.cwd()}/`);
const load = name => import(pathToFileURL(require.resolve(name)).href);
const { McpServer, OAuthError, OAuthErrorCode, requireBearerAuth, createMcpHandler, isLegacyRequest, inputRequired, acceptedContent } = await load('@modelcontextprotocol/server');
const { NodeStreamableHTTPServerTransport, toNodeHandler, toWebRequest } = await load('@modelcontextprotocol/node');
const z = await load('zod');

const [port, kind] = [Number(process.argv[2]), process.argv[3]];

function build() {
    const server = new McpServer({ name: 'typescript-2', version: '1.0.0' });
    server.registerTool('echo', { description: 'Says it again', inputSchema: z.object({ message: z.string() }) },
        async ({ message }) => ({ content: [{ type: 'text', text: `Echo: ${message}` }] }));
    server.registerTool('greet', { description: 'Asks for a name', inputSchema: z.object({}) }, async (_, context) => {
        const answer = acceptedContent(context.mcpReq.inputResponses, 'who', z.object({ name: z.string() }));
        if (!answer) {
            return inputRequired({ inputRequests: { who: inputRequired.elicit({ message: 'Who are you?',
                requestedSchema: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] } }) } });
        }
        return { content: [{ type: 'text', text: `Hello ${answer.name}` }] };
    });
    return server;
}

const modern = toNodeHandler(createMcpHandler(build, { legacy: 'reject', responseMode: kind === 'modern-sse' ? 'sse' : undefined }));
const sessions = new Map();

async function body(request) {
    let text = '';
    for await (const chunk of request) text += chunk;
    try { return JSON.parse(text); } catch { return undefined; }
}

// `bearer`: two tokens are known, and one of them allows what is wanted.
const known = { 'v2-token-0123456789': ['mcp:tools'], 'v2-token-narrow-0123': ['other'] };
const gate = requireBearerAuth({ requiredScopes: ['mcp:tools'], verifier: { async verifyAccessToken(token) {
    if (!known[token]) throw new OAuthError(OAuthErrorCode.InvalidToken, 'unknown token');
    return { token, clientId: 'ci', scopes: known[token], expiresAt: Math.floor(Date.now() / 1000) + 3600 };
} } });

createServer(async (request, response) => {
    if (kind === 'bearer') {
        // Of the headers alone: the body is read by what comes after.
        const judged = await gate(new Request('http://127.0.0.1/mcp', { headers: { authorization: request.headers.authorization ?? '' } }));
        if (judged instanceof Response) {
            response.writeHead(judged.status, Object.fromEntries(judged.headers));
            return response.end(await judged.text());
        }
        return modern(request, response);
    }
    if (kind !== 'dual') return modern(request, response);
    const parsed = request.method === 'POST' ? await body(request) : undefined;
    if (parsed && !(await isLegacyRequest(await toWebRequest(request, parsed)))) return modern(request, response, parsed);
    const id = request.headers['mcp-session-id'];
    let transport = id && sessions.get(id);
    if (id && !transport) {
        response.writeHead(404, { 'content-type': 'application/json' });
        return response.end(JSON.stringify({ jsonrpc: '2.0', error: { code: -32001, message: 'Session not found' }, id: null }));
    }
    if (!transport) {
        transport = new NodeStreamableHTTPServerTransport({ sessionIdGenerator: () => randomUUID(),
            onsessioninitialized: session => { sessions.set(session, transport); } });
        await build().connect(transport);
    }
    await transport.handleRequest(request, response, parsed);
}).listen(port, '127.0.0.1');
