-- A retry from elsewhere may be a thief's, who read the same answer: operators are told.
alter table refresh_family add column rotated_from text;  -- the network prefix that the current jti was given to
