"""A third-party provider: django-oauth-toolkit, with what a site that uses it has to configure.

    python start.py FOLDER [--port 0] [--tls] [--token-life 60] [--without-iss]

The folder keeps its database. Each start makes a new signing key, and with `--tls` a certificate authority, whose
certificate is then in the folder.
"""

import argparse
import ipaddress
import os
from datetime import datetime, timedelta, timezone
from pathlib import Path

import django
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings
from werkzeug.serving import make_server

ADDRESS = "127.0.0.1"
PROGRAM = "http://localhost:4006/elsewhere"
# A name, and an email address: mallory has typed in alice's.
PEOPLE = [("alice", "alice@example.org"), ("bob", "bob@example.org"), ("mallory", "alice@example.org")]
# A client, and its secret. The second is another program at the same provider.
CLIENTS = [("lesson-6-there", "a secret: of & the + lesson"), ("another-program", "another secret")]


def private_key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem_of(key):
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def configure(folder, token_life, names_itself):
    settings.configure(
        SECRET_KEY="known to everybody, as all of this is",
        ALLOWED_HOSTS=[ADDRESS, "localhost"],
        ROOT_URLCONF="pages",
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.staticfiles",
            "oauth2_provider",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": folder / "provider.sqlite3"}},
        MIGRATION_MODULES={name: None for name in ["auth", "contenttypes", "sessions", "oauth2_provider"]},
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],  # a test need not wait for a good one
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
        STATIC_URL="/static/",
        LOGIN_URL="/login/",
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "OPTIONS": {
                    "loaders": [
                        ("django.template.loaders.locmem.Loader", {"registration/login.html": LOGIN}),
                        "django.template.loaders.app_directories.Loader",
                    ],
                },
            },
        ],
        OAUTH2_PROVIDER={
            "OIDC_ENABLED": True,
            "OIDC_RSA_PRIVATE_KEY": pem_of(private_key()).decode(),
            "ID_TOKEN_EXPIRE_SECONDS": token_life,
            "OIDC_RP_INITIATED_LOGOUT_ENABLED": True,
            "OIDC_RP_INITIATED_LOGOUT_ALWAYS_PROMPT": False,  # only if no ID token says whose logout it is
            "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": names_itself,
            "OAUTH2_VALIDATOR_CLASS": "pages.Validator",
            "SCOPES": {"openid": "Who you are", "email": "Your email address"},
        },
    )
    django.setup()


LOGIN = """<form method="post">{% csrf_token %}
<input type="hidden" name="next" value="{{ next }}">
<input name="username"> <input name="password" type="password"> <button>Log in</button>
</form>"""


def fill():
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from oauth2_provider.models import Application

    call_command("migrate", run_syncdb=True, verbosity=0)
    if User.objects.exists():
        return
    for name, email in PEOPLE:
        User.objects.create_user(name, email, f"the password of {name}")
    for client, secret in CLIENTS:
        Application.objects.create(
            name=client,
            client_id=client,
            client_secret=secret,
            client_type=Application.CLIENT_CONFIDENTIAL,
            authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
            algorithm=Application.RS256_ALGORITHM,
            redirect_uris=f"{PROGRAM}/back",
            post_logout_redirect_uris=PROGRAM,
        )


def certificates(folder):
    """A certificate for this address, by an authority whose own certificate is left in the folder."""
    name = lambda text: x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])
    now, authority_key, key = datetime.now(timezone.utc), private_key(), private_key()

    def signed(subject, public_key, extensions):
        builder = x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name("an authority"))
        builder = builder.public_key(public_key).serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(hours=1))
        for extension in extensions:
            builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        return builder.sign(authority_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    authority = signed("an authority", authority_key.public_key(), [x509.BasicConstraints(True, None)])
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(ADDRESS))])
    (folder / "authority.pem").write_bytes(authority)
    (folder / "server.pem").write_bytes(signed("a provider", key.public_key(), [address]))
    (folder / "server.key").write_bytes(pem_of(key))
    return str(folder / "server.pem"), str(folder / "server.key")


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--port", type=int, default=0, help="on this machine; 0 takes a free one")
    arguments.add_argument("--tls", action="store_true")
    arguments.add_argument("--token-life", type=int, default=60, help="of an ID token, in seconds")
    arguments.add_argument("--without-iss", action="store_true", help="answers do not name the provider, as by default")
    given = arguments.parse_args()
    configure(given.folder, given.token_life, not given.without_iss)
    fill()
    from django.core.wsgi import get_wsgi_application

    tls = certificates(given.folder) if given.tls else None
    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"  # on this machine
    server = make_server(ADDRESS, given.port, get_wsgi_application(), threaded=True, ssl_context=tls)
    print(f"The provider answers on port {server.port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
