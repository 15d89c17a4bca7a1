insert into specialties (name) values ('general'), ('children'), ('dermatology');
insert into rooms (name, floor) values ('Red room', 0), ('Blue room', 0), ('Green room', 1);
insert into treatments (name, minutes, price, specialty_id) values ('Check-up', 30, 60.00, 1), ('Vaccination', 15, 25.00, 2), ('Skin test', 45, 90.00, 3);
insert into practitioners (first_name, last_name) values ('Ada', 'Berg'), ('Noor', 'Visser'), ('Jin', 'Park');
insert into practitioner_specialties (practitioner_id, specialties_id) values (1, 1), (2, 1), (2, 2), (3, 3);
insert into patients (first_name, last_name, birth_date, telephone, street, postcode, city, insurance) values
  ('Mina', 'Okafor', '1988-03-14', '5550101', '1 Park Road', '10115', 'Riverton', 'PUBLIC'),
  ('Lars', 'Holm', '2017-09-02', '5550102', '7 Mill Lane', '10117', 'Riverton', 'PUBLIC'),
  ('Eun', 'Seo', '1959-12-24', '5550103', '22 Hill Street', '10119', 'Riverton', 'PRIVATE');
