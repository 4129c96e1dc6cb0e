-- Guesses are counted for names without an account too, so that the clock doesn't tell which name has one.
alter table guessing drop constraint guessing_user_id_fkey;
comment on column guessing.user_id is 'A user, or what stands for a name that nobody has: swept after a day';
