// The application behind Pushpin: it tells it to hold each response open, and
// to send on it what is published to the channel news.
//	node grip.mjs PORT TEXT	(TEXT is what /here.html says)
import http from 'node:http';

const [port, text] = process.argv.slice(2);

http.createServer((req, res) => {
	if (req.url !== '/events/news') {
		res.end(`${text}\n`);
		return;
	}
	res.writeHead(200, {
		'Content-Type': 'text/event-stream',
		'Cache-Control': 'no-cache',
		'Grip-Hold': 'stream',
		'Grip-Channel': 'news',
	});
	res.end(': hi\n\n');
}).listen(Number(port), '127.0.0.1');
