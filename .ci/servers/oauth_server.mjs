// The TypeScript SDK's authorization router, and a server behind its requireBearerAuth: oauth_server.mjs PORT SECONDS
// Tokens last so many seconds and are renewed with refresh tokens that rotate. Prints a line for each token that it
// gives or takes back. Run in a folder beside node_modules.
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(`${process.cwd()}/`);
const load = name => import(pathToFileURL(require.resolve(name)).href);
const sdk = '@modelcontextprotocol/sdk/';
const { default: express } = await load('express');
const { DemoInMemoryAuthProvider } = await load(`${sdk}examples/server/demoInMemoryOAuthProvider.js`);
const { mcpAuthRouter, getOAuthProtectedResourceMetadataUrl } = await load(`${sdk}server/auth/router.js`);
const { requireBearerAuth } = await load(`${sdk}server/auth/middleware/bearerAuth.js`);
const { InvalidTokenError, InvalidGrantError } = await load(`${sdk}server/auth/errors.js`);
const { McpServer } = await load(`${sdk}server/mcp.js`);
const { StreamableHTTPServerTransport } = await load(`${sdk}server/streamableHttp.js`);

const [port, seconds] = process.argv.slice(2).map(Number);
const issuerUrl = new URL(`http://localhost:${port}`);
const resource = new URL('/mcp', issuerUrl);

class Provider extends DemoInMemoryAuthProvider {
    refresh = new Map();

    give(client, scopes, how) {
        const [token, refreshToken] = [randomUUID(), randomUUID()];
        this.tokens.set(token, { clientId: client.client_id, scopes, expiresAt: Date.now() + seconds * 1000 });
        this.refresh.set(refreshToken, scopes);
        console.log(`gives ${how}`);
        return { access_token: token, token_type: 'bearer', expires_in: seconds, refresh_token: refreshToken, scope: scopes.join(' ') };
    }

    async exchangeAuthorizationCode(client, code) {
        const { params } = this.codes.get(code) ?? {};
        if (params?.resource?.href !== resource.href) throw new InvalidGrantError('unknown code, or another resource');
        this.codes.delete(code);
        return this.give(client, params.scopes ?? [], 'for a code');
    }

    async exchangeRefreshToken(client, token) {
        const scopes = this.refresh.get(token);
        if (!scopes) throw new InvalidGrantError('unknown refresh token');
        this.refresh.delete(token);
        return this.give(client, scopes, 'for a refresh token');
    }

    async verifyAccessToken(token) {
        const known = this.tokens.get(token);
        if (!known) throw new InvalidTokenError('unknown token');
        return { token, clientId: known.clientId, scopes: known.scopes, expiresAt: Math.floor(known.expiresAt / 1000) };
    }

    async revokeToken(client, { token }) {
        if (this.tokens.delete(token) || this.refresh.delete(token)) console.log('takes one back');
    }
}

const provider = new Provider();
const app = express();
app.use(mcpAuthRouter({ provider, issuerUrl, resourceServerUrl: resource, scopesSupported: ['mcp:tools'] }));
const gate = requireBearerAuth({ verifier: provider, resourceMetadataUrl: getOAuthProtectedResourceMetadataUrl(resource) });
app.post('/mcp', gate, express.json(), async (request, response) => {
    const server = new McpServer({ name: 'oauth-1', version: '1.0.0' });
    server.tool('echo', async () => ({ content: [{ type: 'text', text: 'Echo' }] }));
    const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined });
    response.on('close', () => transport.close());
    await server.connect(transport);
    await transport.handleRequest(request, response, request.body);
});
app.listen(port);
