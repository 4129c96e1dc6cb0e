// Sends the authorization response on its way; without script its button does.
document.getElementById('form-post').submit()
