// Server-Sent Events by node alone: res.write() to each response.
//	node node.mjs PORT TEXT	(TEXT is what /here.html says)
import http from 'node:http';

const [port, text] = process.argv.slice(2);
const viewers = new Set();
let number = 0;

function subscribe(req, res) {
	res.writeHead(200, {
		'Content-Type': 'text/event-stream',
		'Cache-Control': 'no-cache',
	});
	res.write(': hi\n\n');
	viewers.add(res);
	res.on('close', () => viewers.delete(res));
}

async function publish(req, res) {
	let body = '';
	for await (const part of req.setEncoding('utf8'))
		body += part;
	const event = `id: ${++number}\ndata: ${body}\n\n`;
	for (const viewer of viewers)
		viewer.write(event);
	res.writeHead(204).end();
}

http.createServer((req, res) => {
	if (req.method === 'POST')
		publish(req, res);
	else if (req.url === '/events/news')
		subscribe(req, res);
	else
		res.end(`${text}\n`);
}).listen(Number(port), '127.0.0.1');
