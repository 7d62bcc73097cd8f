//! A request as a line for a POSIX shell.

use axum::http::Method;

use crate::{
    body::{self, MASK},
    sent::{Sent, lossy},
};

/// Headers that curl writes itself, or that describe the browser rather than the request.
const LEFT_OUT: [&str; 13] = [
    "accept",
    "accept-encoding",
    "cache-control",
    "connection",
    "content-length",
    "cookie",
    "dnt",
    "host",
    "pragma",
    "priority",
    "referer",
    "upgrade-insecure-requests",
    "user-agent",
];

/// Returns the curl line, after comments that name its missing parts.
pub(crate) fn of(sent: &Sent) -> String {
    let (body, remark) = match body::readable(&sent.body, sent.kind(), false) {
        Ok(body) => (body, None),
        Err(why) => (String::new(), Some(format!("# the body is {why}\n"))),
    };
    let line = line(sent, &body);
    let masked = line.contains(MASK).then(|| format!("# replace each {MASK} with the secret\n"));
    [remark, masked, Some(line)].into_iter().flatten().collect()
}

fn line(sent: &Sent, body: &str) -> String {
    let mut words = vec!["curl".to_owned(), "-i".to_owned()];
    words.extend(method(&sent.method, body));
    // Without these options curl interprets brackets and removes `..` from a path.
    words.extend(["--globoff", "--path-as-is"].map(str::to_owned));
    words.extend(cookie(&sent.cookie()));
    words.extend(headers(sent));
    if !body.is_empty() {
        words.extend(["--data-raw".to_owned(), quoted(body)]);
    }
    words.push(quoted(&format!("http://{}{}", sent.host(), body::mask_target(&sent.target))));
    words.join(" ")
}

/// The method option. curl uses GET, or POST if there is a body.
fn method(method: &Method, body: &str) -> Vec<String> {
    match *method {
        Method::HEAD => vec!["--head".to_owned()],
        Method::GET if body.is_empty() => Vec::new(),
        _ => vec!["-X".to_owned(), quoted(method.as_str())],
    }
}

/// The cookie option. curl reads a word without `=` as the name of a file.
fn cookie(cookie: &str) -> Vec<String> {
    match cookie {
        "" => Vec::new(),
        pairs if pairs.contains('=') => vec!["-b".to_owned(), quoted(pairs)],
        other => vec!["-H".to_owned(), quoted(&format!("cookie: {other}"))],
    }
}

fn headers(sent: &Sent) -> Vec<String> {
    let is_shown = |name: &str| !LEFT_OUT.contains(&name) && !name.starts_with("sec-");
    let shown = sent.headers.iter().filter(|(name, _)| is_shown(name.as_str()));
    let word = |name: &str, value: String| match value.as_str() {
        // For a colon with nothing after it, curl removes the header.
        "" => format!("{name};"),
        value => format!("{name}: {value}"),
    };
    shown.flat_map(|(name, value)| ["-H".to_owned(), quoted(&word(name.as_str(), lossy(value.as_bytes())))]).collect()
}

/// Quotes a word for a POSIX shell. Between single quotes every character is literal, except a single quote.
fn quoted(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;

    use super::*;

    fn sent(method: Method, target: &str, headers: &[(&str, &str)], body: &'static [u8]) -> Sent {
        let header = |(name, value): &(&str, &str)| {
            (axum::http::HeaderName::try_from(*name).unwrap(), axum::http::HeaderValue::from_str(value).unwrap())
        };
        let headers = headers.iter().map(header).collect::<HeaderMap>();
        Sent { method, target: target.to_owned(), headers, body: body.into(), peer: None }
    }

    #[test]
    fn a_line_has_what_makes_the_request_and_no_more() {
        let browser = [
            ("host", "alice.localhost:4001"),
            ("cookie", "id=abc; theme=dark"),
            ("user-agent", "Mozilla"),
            ("sec-fetch-site", "same-origin"),
            ("accept-language", "ja"),
            ("x-empty", ""),
        ];
        assert_eq!(
            of(&sent(Method::GET, "/cart", &browser, b"")),
            "curl -i --globoff --path-as-is -b 'id=abc; theme=dark' -H 'accept-language: ja' -H 'x-empty;' \
             http://alice.localhost:4001/cart"
        );
        assert_eq!(
            of(&sent(Method::POST, "/logout", &[], b"")),
            "curl -i -X POST --globoff --path-as-is http://localhost/logout"
        );
        assert_eq!(of(&sent(Method::HEAD, "/", &[], b"")), "curl -i --head --globoff --path-as-is http://localhost/");
        assert_eq!(
            of(&sent(Method::GET, "/", &[], b"tea")),
            "curl -i -X GET --globoff --path-as-is --data-raw tea http://localhost/"
        );
        let odd = of(&sent(Method::GET, "/", &[("cookie", "file")], b""));
        assert!(odd.contains("-H 'cookie: file'") && !odd.contains("-b"), "{odd}");
    }

    #[test]
    fn the_comment_above_the_line_names_everything_masked_or_left_out() {
        let form = [("content-type", "application/x-www-form-urlencoded")];
        assert_eq!(
            of(&sent(Method::POST, "/login?token=t", &form, b"user=alice&password=tea")),
            "# replace each ••• with the secret\n\
             curl -i -X POST --globoff --path-as-is -H 'content-type: application/x-www-form-urlencoded' \
             --data-raw 'user=alice&password=•••' 'http://localhost/login?token=•••'"
        );
        let binary = of(&sent(Method::PUT, "/", &[], b"\xff"));
        assert_eq!(
            binary,
            "# the body is not shown: it is not text\ncurl -i -X PUT --globoff --path-as-is http://localhost/"
        );
    }

    /// The words that a shell reads from the line.
    #[cfg(unix)]
    fn words_in_a_shell(line: &str) -> Vec<String> {
        let script = format!("curl() {{ printf '%s\\0' \"$@\"; }}\n{line}");
        let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{line}: {output:?}");
        let words = String::from_utf8(output.stdout).unwrap();
        words.split_terminator('\0').map(str::to_owned).collect()
    }

    // Every Unix has `sh`; on Windows the line is for the shell of Git or of WSL.
    #[cfg(unix)]
    #[test]
    fn a_shell_hands_each_word_on_as_it_was_sent() {
        let odd = "it's \"$HOME\" `id` $(id) \\ ! * ? ~ # & | ; < > {a,b} [x] %41";
        let body = "a=it's&b=\"$HOME\"\n`id`\\\n\n!x=é;|<>#";
        let cookie = format!("id={odd}");
        let request = sent(
            Method::POST,
            "/[1]{2}/../it's?q=$x&y='",
            &[("cookie", &cookie), ("x-odd", odd), ("content-type", "text/plain")],
            body.as_bytes(),
        );
        let x_odd = format!("x-odd: {odd}");
        let expected = [
            "-i",
            "-X",
            "POST",
            "--globoff",
            "--path-as-is",
            "-b",
            &cookie,
            "-H",
            &x_odd,
            "-H",
            "content-type: text/plain",
            "--data-raw",
            body,
            "http://localhost/[1]{2}/../it's?q=$x&y='",
        ];
        assert_eq!(words_in_a_shell(&of(&request)), expected);
    }
}
