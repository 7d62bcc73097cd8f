//! A page as a visitor sees it: its text, its forms. Only what a task may name, never how it is built.

use html5gum::{DefaultEmitter, StartTag, Token, Tokenizer};

/// A form on a page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Form {
    /// `get` or `post`, in lower case.
    pub method: String,
    /// Where it goes; empty for the page's own address.
    pub action: String,
    /// Its named fields.
    pub fields: Vec<Field>,
}

/// A field of a form.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Field {
    /// Its `name`.
    pub name: String,
    /// Its `type`, in lower case; `text` if it has none.
    pub kind: String,
    /// Its `value`.
    pub value: String,
}

/// The text a visitor reads: no markup, no scripts, references resolved, white space folded.
pub(crate) fn text(html: &str) -> String {
    let mut text = String::new();
    let mut hidden = 0_usize;
    for token in tokens(html) {
        match token {
            Token::StartTag(tag) if hides(&tag.name) => hidden += 1,
            Token::EndTag(tag) if hides(&tag.name) => hidden = hidden.saturating_sub(1),
            Token::String(piece) if hidden == 0 => text.push_str(&String::from_utf8_lossy(&piece)),
            Token::StartTag(tag) if breaks(&tag.name) => text.push(' '),
            _ => {}
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The page's forms, in order.
pub(crate) fn forms(html: &str) -> Vec<Form> {
    let mut forms: Vec<Form> = Vec::new();
    let mut inside = false;
    for token in tokens(html) {
        match token {
            Token::StartTag(tag) if tag.name.as_slice() == b"form" => {
                let method = attribute(&tag, "method").unwrap_or("get".to_owned()).to_lowercase();
                forms.push(Form { method, action: attribute(&tag, "action").unwrap_or_default(), fields: Vec::new() });
                inside = true;
            }
            Token::EndTag(tag) if tag.name.as_slice() == b"form" => inside = false,
            Token::StartTag(tag) if inside => {
                if let (Some(form), Some(field)) = (forms.last_mut(), field(&tag)) {
                    form.fields.push(field);
                }
            }
            _ => {}
        }
    }
    forms
}

fn field(tag: &StartTag<()>) -> Option<Field> {
    let kind = match tag.name.as_slice() {
        b"input" => attribute(tag, "type").unwrap_or("text".to_owned()).to_lowercase(),
        name @ (b"select" | b"textarea") => String::from_utf8_lossy(name).into_owned(),
        _ => return None,
    };
    Some(Field { name: attribute(tag, "name")?, kind, value: attribute(tag, "value").unwrap_or_default() })
}

fn attribute(tag: &StartTag<()>, name: &str) -> Option<String> {
    tag.attributes.get(name.as_bytes()).map(|value| String::from_utf8_lossy(value).into_owned())
}

fn hides(name: &[u8]) -> bool {
    matches!(name, b"script" | b"style" | b"template" | b"head")
}

fn breaks(name: &[u8]) -> bool {
    !matches!(name, b"b" | b"i" | b"em" | b"strong" | b"span" | b"a" | b"code" | b"mark" | b"small" | b"u" | b"s")
}

fn tokens(html: &str) -> impl Iterator<Item = Token> {
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true); // so that a script's text is not taken for tags
    Tokenizer::new_with_emitter(html, emitter).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_what_a_visitor_reads() {
        let html = "<head><title>no</title></head><body><h1>Tea</h1><p>for <b>al</b>ice &amp; &lt;bob&gt;<script>if (1 < 2) {}</script><br>now";
        assert_eq!(text(html), "Tea for alice & <bob> now");
    }

    #[test]
    fn forms_are_found_however_they_are_written() {
        let html = "<input name=outside><FORM Method='POST' action=/login><INPUT TYPE=password NAME=password><select name=x></select><input type=submit></form><input name=late>";
        let field =
            |name: &str, kind: &str| Field { name: name.to_owned(), kind: kind.to_owned(), value: String::new() };
        assert_eq!(
            forms(html),
            [Form {
                method: "post".to_owned(),
                action: "/login".to_owned(),
                fields: vec![field("password", "password"), field("x", "select")]
            }]
        );
    }
}
