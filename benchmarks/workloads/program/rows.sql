-- Inserts, an index, an update, a delete and queries. A wrong answer violates
-- a constraint, which stops the program with an error.
.bail on
CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT, city TEXT, balance REAL);
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
INSERT INTO person
SELECT i, 'person ' || (i * 7919 % 100003), 'city ' || (i % 321), i * 0.5 FROM n;
CREATE INDEX person_by_name ON person (name);
UPDATE person SET balance = balance + 1 WHERE id % 3 = 0;
DELETE FROM person WHERE id % 10 = 0;
CREATE TEMP TABLE expectation (holds INTEGER CHECK (holds));
INSERT INTO expectation SELECT count(*) = 54000 FROM person;
INSERT INTO expectation SELECT count(*) = 321 FROM (SELECT city, sum(balance) FROM person GROUP BY city);
INSERT INTO expectation
SELECT count(*) = 54000 FROM person a JOIN person b ON b.name = a.name;
SELECT group_concat(name) FROM person WHERE id < 20000;
