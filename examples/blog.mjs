// SPDX-License-Identifier: Apache-2.0
// A blog that tells what happens in it.
//
//     npm install ./hooks/node && node examples/blog.mjs
//     curl -X PUT --data 'A new title' http://127.0.0.1:8000/posts/456
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { close, getAnalyticsStatus, getEventEmitter } from "sightline-hooks";

const events = getEventEmitter();

const server = createServer(async (request, response) => {
	const post = /^\/posts\/(\w+)$/.exec(request.url);
	if (request.method === "PUT" && post) {
		const title = await text(request);
		// … the blog's own work …
		await events.emitContentUpdated({ contentId: post[1], title, type: "blog", updatedAt: new Date() });
		response.writeHead(204).end();
	} else if (request.url === "/health") {
		response.end(`${(await getAnalyticsStatus()).status}\n`);
	} else {
		await events.emitAnalyticsActivity({ activityId: randomUUID(), eventType: "page_view", message: request.url });
		response.end("the blog\n");
	}
});

// A signal ends a program without its exit handlers: what waits has to be sent before.
for (const signal of ["SIGINT", "SIGTERM"])
	process.once(signal, () => {
		server.close(async () => {
			await close();
			process.exit(0);
		});
		server.closeAllConnections();
	});

server.listen(Number(process.env.PORT ?? 8000), "127.0.0.1");
