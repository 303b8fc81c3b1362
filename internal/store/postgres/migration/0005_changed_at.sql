-- When what people look after last changed; 0: not since it was made, which its id tells.
ALTER TABLE resources ADD COLUMN changed_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE offerings ADD COLUMN changed_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE projects ADD COLUMN changed_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN changed_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE grants ADD COLUMN changed_at BIGINT NOT NULL DEFAULT 0;
