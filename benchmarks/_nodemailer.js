// nodemailer with a pool of five: node send.js PORT MESSAGES
const nodemailer = require("nodemailer");
const [port, messages] = process.argv.slice(2).map(Number);
const paragraph = "Going outside helps: a walk of twenty minutes, without the phone, and a word to somebody on the way.";
const text = `${paragraph}\n`.repeat(1000).slice(0, 6600);
const html = `<p>${paragraph}</p>`.repeat(1000).slice(0, 10900); // one long line, as HTML made for mail is: it must be encoded
const pool = nodemailer.createTransport({ host: "127.0.0.1", port, pool: true, maxConnections: 5, maxMessages: Infinity, ignoreTLS: true });

async function main() {
  const links = Array.from({ length: messages }, (_, number) => `https://blog.example/u/${number}.${"x".repeat(43)}`);
  await Promise.all(
    links.map((link, number) =>
      pool.sendMail({
        from: "news@blog.example",
        to: `reader.${number}@reader.example`,
        subject: "Going outside",
        text: `${text}\n${link}\n`,
        html: `${html}<a href='${link}'>Leave</a>`,
        headers: { "List-Unsubscribe": `<${link}>` },
      }),
    ),
  );
  pool.close();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
