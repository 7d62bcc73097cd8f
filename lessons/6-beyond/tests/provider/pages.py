"""The pages of the site: those of django-oauth-toolkit, and Django's login."""

from django.contrib.auth.views import LoginView
from django.urls import include, path
from oauth2_provider.oauth2_validators import OAuth2Validator


class Validator(OAuth2Validator):
    """The email address is at the UserInfo endpoint, and not in the ID token."""

    def get_userinfo_claims(self, request):
        return super().get_userinfo_claims(request) | {"email": request.user.email}


urlpatterns = [path("login/", LoginView.as_view()), path("o/", include("oauth2_provider.urls"))]
