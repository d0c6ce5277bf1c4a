// Server-Sent Events by better-sse: one channel, as its documentation has it.
//	node better-sse.mjs PORT TEXT	(TEXT is what /here.html says)
import http from 'node:http';
import { createChannel, createSession } from 'better-sse';

const [port, text] = process.argv.slice(2);
const channel = createChannel();

async function publish(req, res) {
	let body = '';
	for await (const part of req.setEncoding('utf8'))
		body += part;
	channel.broadcast(body);
	res.writeHead(204).end();
}

async function subscribe(req, res) {
	channel.register(await createSession(req, res));
}

http.createServer((req, res) => {
	if (req.method === 'POST')
		publish(req, res);
	else if (req.url === '/events/news')
		subscribe(req, res);
	else
		res.end(`${text}\n`);
}).listen(Number(port), '127.0.0.1');
