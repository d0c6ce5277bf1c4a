<?php
/*
 * A form handler that publishes: POST message=... appends one line to the
 * channel "guestbook", and every browser that listens to it has it at once.
 *
 *	<form method="post" action="publish.php">
 *		<input name="message" maxlength="500" required>
 *		<button>Say it</button>
 *	</form>
 *
 * Put the spool outside of the folder that the web server shows.  Anyone who
 * reaches this page may publish; keep others out as you do on other pages.
 */
declare(strict_types=1);

$spool = getenv('SPOOLCAST_SPOOL') ?: dirname(__DIR__) . '/spool';

function refuse(int $status, string $why): void
{
	http_response_code($status);
	header('Content-Type: text/plain; charset=utf-8');
	echo $why, "\n";
	exit;
}

if ($_SERVER['REQUEST_METHOD'] !== 'POST') {
	header('Allow: POST');
	refuse(405, 'This page takes a form sent by POST.');
}
$message = $_POST['message'] ?? '';
if (!is_string($message) || strlen($message) > 2000) {
	refuse(400, 'The message must be a text of at most 2000 bytes.');
}

// One line is one event, so a message must be one line.
$line = trim(preg_replace('/[\r\n]+/', ' ', $message));
if ($line === '') {
	refuse(400, 'There is no message.');
}

// LOCK_EX keeps two messages apart even where a file system does not.
// Errors go to the log, whatever display_errors says, because they have paths.
$written = @file_put_contents("$spool/guestbook", "$line\n",
    FILE_APPEND | LOCK_EX);
if ($written === false) {
	error_log('publish.php: ' . error_get_last()['message']);
	refuse(500, 'The message could not be written; see the error log.');
}
http_response_code(204);
