//! A page as a visitor sees it: its text, its forms. Only what a task may name, never how it is built.

use html5gum::{DefaultEmitter, StartTag, Token, Tokenizer};

use crate::browser::resolved;

/// A form on a page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Form {
    /// `get` or `post`, in lower case.
    pub method: String,
    /// Where it goes; empty for the page's own address.
    pub action: String,
    /// Its named fields.
    pub fields: Vec<Field>,
    /// Whether a visitor can send it: it has a button, or a field in which Enter does so.
    pub can_be_sent: bool,
}

/// A field of a form; each option of a select and each radio button is one of its own.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Field {
    /// Its `name`.
    pub name: String,
    /// Its `type`, in lower case; `text` if it has none.
    pub kind: String,
    /// Its `value`.
    pub value: String,
    /// Whether it is sent if the visitor touches nothing.
    pub chosen: bool,
}

impl Form {
    /// Whether there is a field of this name.
    pub fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|field| field.name == name)
    }

    /// What can be chosen under this name, in order.
    pub fn choices(&self, name: &str) -> Vec<&str> {
        let choices = self.fields.iter().filter(|field| field.name == name && is_choice(&field.kind));
        choices.map(|field| field.value.as_str()).collect()
    }

    /// The path it goes to, from a page at the top: no origin, query or fragment. Empty for the page's own.
    pub fn path(&self) -> &str {
        let action = self.action.strip_prefix("http://localhost").unwrap_or(&self.action);
        let path = action.split(['?', '#']).next().unwrap_or_default();
        path.strip_prefix("./").unwrap_or(path)
    }

    /// Whether it posts to this path.
    pub fn goes_to(&self, path: &str) -> bool {
        self.method == "post" && (self.path() == path || self.path() == &path[1..])
    }

    /// What it sends if the visitor touches nothing.
    pub fn filled(&self) -> impl Iterator<Item = (&str, &str)> {
        let sent = self.fields.iter().filter(|field| field.chosen && field.kind != "submit");
        sent.map(|field| (field.name.as_str(), field.value.as_str()))
    }

    /// What is sent under this name if the visitor touches nothing.
    pub fn chosen(&self, name: &str) -> Option<&str> {
        let chosen = self.fields.iter().filter(|field| field.name == name && field.chosen);
        chosen.map(|field| field.value.as_str()).next_back()
    }
}

/// The text a visitor reads: no markup, no scripts, references resolved, white space folded.
pub fn text(html: &str) -> String {
    let mut text = String::new();
    let mut hidden = 0_usize;
    // An element with the attribute `hidden`: its name, and how many of that name are open.
    let mut concealed: Option<(Vec<u8>, usize)> = None;
    for token in tokens(html) {
        if let Some((name, open)) = &mut concealed {
            let is_over = matches!(&token, Token::StartTag(tag) if ends_without_a_tag(name, &tag.name));
            match &token {
                Token::StartTag(tag) if tag.name.as_slice() == name.as_slice() => *open += 1,
                Token::EndTag(tag) if tag.name.as_slice() == name.as_slice() => *open -= 1,
                _ => {}
            }
            concealed = concealed.filter(|(_, open)| *open > 0 && !is_over);
            if !is_over {
                continue;
            }
        }
        match token {
            Token::StartTag(tag) if attribute(&tag, "hidden").is_some() && !is_void(&tag.name) => {
                concealed = Some((tag.name.to_vec(), 1));
            }
            Token::StartTag(tag) if hides(&tag.name) => hidden += 1,
            Token::EndTag(tag) if hides(&tag.name) => hidden = hidden.saturating_sub(1),
            Token::String(piece) if hidden == 0 => text.push_str(&String::from_utf8_lossy(&piece)),
            Token::StartTag(tag) if breaks(&tag.name) => text.push(' '),
            Token::EndTag(tag) if breaks(&tag.name) => text.push(' '),
            _ => {}
        }
    }
    folded(&text)
}

/// The same text with one blank for all white space between two words, as a browser shows it.
pub(crate) fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The page's forms, in order; after them once more those that a button sends elsewhere, or in another way.
pub(crate) fn forms(html: &str) -> Vec<Form> {
    let mut reader = Reader::default();
    tokens(html).for_each(|token| reader.read(token));
    reader.done()
}

/// Text as it is written in HTML.
#[cfg(test)]
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Whether there is an element of this name.
pub(crate) fn has_element(html: &str, name: &str) -> bool {
    tokens(html).any(|token| matches!(token, Token::StartTag(tag) if tag.name.as_slice() == name.as_bytes()))
}

/// Whether there is a tag with this attribute.
pub(crate) fn has_attribute(html: &str, name: &str) -> bool {
    tokens(html).any(|token| matches!(token, Token::StartTag(tag) if attribute(&tag, name).is_some()))
}

/// The value of this attribute of the first tag of this name.
pub(crate) fn attribute_of(html: &str, name: &str, wanted: &str) -> Option<String> {
    tokens(html).find_map(|token| match token {
        Token::StartTag(tag) if tag.name.as_slice() == name.as_bytes() => Some(attribute(&tag, wanted)),
        _ => None,
    })?
}

/// Reads forms as a browser does: what lies outside them is not theirs, unless it names one by its id.
#[derive(Default)]
struct Reader {
    forms: Vec<Form>,
    /// The id of each form; empty if it has none.
    ids: Vec<String>,
    in_form: bool,
    /// Fields that name their form by its id, which may come later.
    elsewhere: Vec<(String, Field)>,
    /// Buttons that send a form.
    buttons: Vec<Button>,
    /// Where a relative address on the page begins, if the page says so.
    base: Option<String>,
    /// The name of the select it is in, and where its options begin.
    select: Option<(String, usize)>,
    /// The text of the option it is in, which is its value if it names none.
    option: Option<String>,
}

/// The form that a button sends.
enum Sends {
    /// The one it stands in: its place among the forms.
    Around(usize),
    /// The one of this id, which may come later.
    Named(String),
}

struct Button {
    form: Sends,
    method: Option<String>,
    action: Option<String>,
}

impl Reader {
    fn done(mut self) -> Vec<Form> {
        let place = |id: &String| self.ids.iter().position(|own| own == id);
        for (place, field) in self.elsewhere.iter().filter_map(|(id, field)| Some((place(id)?, field.clone()))) {
            self.forms[place].fields.push(field);
        }
        let of = |form: &Sends| match form {
            Sends::Around(place) => Some(*place),
            Sends::Named(id) => place(id),
        };
        for place in self.buttons.iter().filter_map(|button| of(&button.form)) {
            self.forms[place].can_be_sent = true;
        }
        for form in &mut self.forms {
            form.can_be_sent |= form.fields.iter().any(|field| sends_on_enter(&field.kind));
        }
        let sent_by = |Button { form, method, action }: &Button| {
            if method.is_none() && action.is_none() {
                return None;
            }
            let form = self.forms[of(form)?].clone();
            Some(Form {
                method: method.clone().unwrap_or(form.method),
                action: action.clone().unwrap_or(form.action),
                fields: form.fields,
                can_be_sent: true,
            })
        };
        let sent: Vec<_> = self.buttons.iter().filter_map(sent_by).collect();
        let mut forms: Vec<_> = self.forms.into_iter().chain(sent).collect();
        if let Some(base) = self.base {
            for form in forms.iter_mut().filter(|form| !form.action.is_empty()) {
                form.action = resolved(&base, &form.action);
            }
        }
        forms
    }

    fn read(&mut self, token: Token) {
        match token {
            Token::StartTag(tag) => self.open(&tag),
            Token::EndTag(tag) => self.close(&tag.name),
            Token::String(text) => {
                if let Some(option) = &mut self.option {
                    option.push_str(&String::from_utf8_lossy(&text));
                }
            }
            _ => {}
        }
    }

    fn open(&mut self, tag: &StartTag<()>) {
        match tag.name.as_slice() {
            b"form" => {
                self.end_select();
                let method = attribute(tag, "method").unwrap_or("get".to_owned()).to_lowercase();
                let action = attribute(tag, "action").unwrap_or_default();
                self.forms.push(Form { method, action, ..Form::default() });
                self.ids.push(attribute(tag, "id").unwrap_or_default());
                self.in_form = true;
            }
            b"select" => self.select = attribute(tag, "name").map(|name| (name, self.fields().len())),
            b"option" => {
                self.end_option();
                let Some((name, _)) = self.select.clone().filter(|_| attribute(tag, "disabled").is_none()) else {
                    return;
                };
                let value = attribute(tag, "value");
                self.option = value.is_none().then(String::new);
                let chosen = attribute(tag, "selected").is_some();
                self.add(Field { name, kind: "select".to_owned(), value: value.unwrap_or_default(), chosen });
            }
            b"base" => self.base = self.base.take().or_else(|| attribute(tag, "href").map(|href| resolved("/", &href))),
            b"button" => self.note_button(tag, "submit"),
            b"input" => {
                self.note_button(tag, "text");
                let Some(name) = attribute(tag, "name") else { return };
                let kind = attribute(tag, "type").unwrap_or("text".to_owned()).to_lowercase();
                let must_be_checked = matches!(kind.as_str(), "radio" | "checkbox");
                let chosen = !must_be_checked || attribute(tag, "checked").is_some();
                let value = attribute(tag, "value").unwrap_or(if must_be_checked { "on" } else { "" }.to_owned());
                self.add_named(tag, Field { name, kind, value, chosen });
            }
            b"textarea" => {
                let Some(name) = attribute(tag, "name") else { return };
                self.add_named(tag, Field { name, kind: "textarea".to_owned(), value: String::new(), chosen: true });
            }
            _ => {}
        }
    }

    fn note_button(&mut self, tag: &StartTag<()>, kind: &str) {
        let kind = attribute(tag, "type").map_or(kind.to_owned(), |kind| kind.to_lowercase());
        if attribute(tag, "disabled").is_some() || !matches!(kind.as_str(), "submit" | "image") {
            return;
        }
        let method = attribute(tag, "formmethod").map(|method| method.to_lowercase());
        let action = attribute(tag, "formaction");
        let form = match attribute(tag, "form") {
            Some(id) => Sends::Named(id),
            None if self.in_form => Sends::Around(self.forms.len() - 1),
            None => return,
        };
        self.buttons.push(Button { form, method, action });
    }

    /// A field of the form that it names, or of the one it stands in.
    fn add_named(&mut self, tag: &StartTag<()>, field: Field) {
        match attribute(tag, "form") {
            Some(id) => self.elsewhere.push((id, field)),
            None => self.add(field),
        }
    }

    fn close(&mut self, name: &[u8]) {
        match name {
            b"form" => {
                self.end_select();
                self.in_form = false;
            }
            b"select" => self.end_select(),
            b"option" => self.end_option(),
            _ => {}
        }
    }

    fn end_option(&mut self) {
        let text = self.option.take().map(|text| folded(&text));
        if let (Some(text), Some(field)) = (text, self.forms.last_mut().and_then(|form| form.fields.last_mut())) {
            field.value = text;
        }
    }

    /// A select in which nothing is selected shows its first option, and sends it.
    fn end_select(&mut self) {
        self.end_option();
        let Some((_, first)) = self.select.take() else { return };
        let options = self.forms.last_mut().and_then(|form| form.fields.get_mut(first..)).unwrap_or_default();
        if !options.iter().any(|option| option.chosen)
            && let Some(option) = options.first_mut()
        {
            option.chosen = true;
        }
    }

    fn fields(&self) -> &[Field] {
        self.forms.last().map_or(&[], |form| &form.fields)
    }

    fn add(&mut self, field: Field) {
        if self.in_form
            && let Some(form) = self.forms.last_mut()
        {
            form.fields.push(field);
        }
    }
}

/// Whether Enter in such a field sends its form.
fn sends_on_enter(kind: &str) -> bool {
    !matches!(kind, "hidden" | "select" | "textarea" | "button" | "reset")
}

fn is_choice(kind: &str) -> bool {
    matches!(kind, "select" | "radio")
}

fn attribute(tag: &StartTag<()>, name: &str) -> Option<String> {
    tag.attributes.get(name.as_bytes()).map(|value| String::from_utf8_lossy(value).into_owned())
}

/// What is no text of the page, or a choice that it offers and does not make.
fn hides(name: &[u8]) -> bool {
    matches!(name, b"script" | b"style" | b"template" | b"title" | b"select" | b"datalist")
}

/// Whether an open element of the first name ends where one of the second begins (HTML, "optional tags").
fn ends_without_a_tag(open: &[u8], begins: &[u8]) -> bool {
    match open {
        b"p" => breaks(begins) && !is_void(begins) || begins == b"hr",
        b"li" => begins == b"li",
        b"dt" | b"dd" => matches!(begins, b"dt" | b"dd"),
        _ => false,
    }
}

/// What has no end tag.
fn is_void(name: &[u8]) -> bool {
    matches!(name, b"br" | b"hr" | b"img" | b"input" | b"link" | b"meta" | b"base" | b"wbr" | b"source" | b"col")
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
        let html = "<head><title>no</title></head><body><h1>Tea</h1>for <b>al</b>ice &amp; &lt;bob&gt;<script>if (1 < 2) {}</script><br>now";
        assert_eq!(text(html), "Tea for alice & <bob> now");
    }

    #[test]
    fn what_is_hidden_is_not_read() {
        let html =
            "<p hidden>no <b>no</b><br>no<p>one</p><div hidden><div>no</div>no</div><input hidden>two<br hidden> three";
        assert_eq!(text(html), "one two three");
    }

    #[test]
    fn a_form_goes_where_the_base_of_the_page_leads_and_needs_a_way_to_be_sent() {
        let html = "<base href=/account/><form method=post action=login><select name=a></select></form>\
            <form action=/b><button type=button>no</button></form><form action=../c><button></button></form>\
            <form id=d></form><input type=submit form=d>";
        let told: Vec<_> = forms(html).into_iter().map(|form| (form.action, form.can_be_sent)).collect();
        let told: Vec<_> = told.iter().map(|(action, sent)| (action.as_str(), *sent)).collect();
        assert_eq!(told, [("/account/login", false), ("/b", false), ("/c", true), ("", true)]);
    }

    #[test]
    fn forms_are_found_however_they_are_written() {
        let html = "<input name=outside><FORM Method='POST' action=/login><INPUT TYPE=password NAME=password><select name=x></select><input type=submit></form><input name=late>";
        let password =
            Field { name: "password".to_owned(), kind: "password".to_owned(), value: String::new(), chosen: true };
        let form =
            Form { method: "post".to_owned(), action: "/login".to_owned(), fields: vec![password], can_be_sent: true };
        assert_eq!(forms(html), [form]);
    }

    #[test]
    fn choices_are_read_as_a_browser_reads_them() {
        let html = "<form><select name=size><option>big one<option value=small selected>Small</select>\
            <select name=first><option value=a></option><option value=b></select>\
            <input type=radio name=sugar value=yes><input type=radio name=sugar value=no checked>\
            <input type=checkbox name=milk></form>";
        let [form] = &forms(html)[..] else { panic!("one form") };
        let told = |name| (form.choices(name), form.chosen(name));
        assert_eq!(told("size"), (vec!["big one", "small"], Some("small")));
        assert_eq!(told("first"), (vec!["a", "b"], Some("a")));
        assert_eq!(told("sugar"), (vec!["yes", "no"], Some("no")));
        assert_eq!((form.has("milk"), told("milk")), (true, (vec![], None)));
    }

    #[test]
    fn a_field_may_name_its_form_and_a_button_another_address() {
        let html = "<input form=f name=early><form id=f method=post action=/a><button formaction=/b>b</button></form>\
            <input form=f name=late><button form=f formmethod=GET>get</button><input form=none name=lost>";
        let told: Vec<_> = forms(html)
            .into_iter()
            .map(|form| (form.method, form.action, form.fields.into_iter().map(|field| field.name).collect::<Vec<_>>()))
            .collect();
        let fields = || vec!["early".to_owned(), "late".to_owned()];
        let form = |method: &str, action: &str| (method.to_owned(), action.to_owned(), fields());
        assert_eq!(told, [form("post", "/a"), form("post", "/b"), form("get", "/a")]);
    }

    #[test]
    fn what_a_select_offers_is_not_what_the_page_says() {
        let html =
            "<label>Theme: <select name=theme><option value='' disabled>choose<option>light</select></label> now";
        assert_eq!(text(html), "Theme: now");
        let [form] = &forms(&format!("<form>{html}</form>"))[..] else { panic!("one form") };
        assert_eq!((form.choices("theme"), form.chosen("theme")), (vec!["light"], Some("light")));
    }

    #[test]
    fn an_attribute_of_the_root_is_found() {
        assert_eq!(attribute_of("<!doctype html><HTML data-theme=dark>", "html", "data-theme").unwrap(), "dark");
        assert_eq!(attribute_of("<p>", "html", "data-theme"), None);
    }
}
