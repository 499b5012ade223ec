--
-- PostgreSQL database dump
--

\restrict x7Qd0q2nDpBDzXQbrhcvyQ3dLb1eJ9mU

-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: dsmr_consumption_gasconsumption; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.dsmr_consumption_gasconsumption (
    id integer NOT NULL,
    read_at timestamp with time zone,
    delivered numeric(9,3)
);


ALTER TABLE public.dsmr_consumption_gasconsumption OWNER TO postgres;

--
-- Name: dsmr_consumption_gasconsumption_id_seq; Type: SEQUENCE; Schema: public; Owner: postgres
--

CREATE SEQUENCE public.dsmr_consumption_gasconsumption_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


ALTER TABLE public.dsmr_consumption_gasconsumption_id_seq OWNER TO postgres;

--
-- Name: dsmr_consumption_gasconsumption_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: postgres
--

ALTER SEQUENCE public.dsmr_consumption_gasconsumption_id_seq OWNED BY public.dsmr_consumption_gasconsumption.id;


--
-- Name: dsmr_datalogger_dsmrreading; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.dsmr_datalogger_dsmrreading (
    id integer NOT NULL,
    "timestamp" timestamp with time zone NOT NULL,
    electricity_delivered_1 numeric(9,3) NOT NULL,
    electricity_returned_1 numeric(9,3) NOT NULL,
    electricity_delivered_2 numeric(9,3) NOT NULL,
    electricity_returned_2 numeric(9,3) NOT NULL,
    electricity_currently_delivered numeric(9,3) NOT NULL,
    electricity_currently_returned numeric(9,3) NOT NULL,
    extra_device_timestamp timestamp with time zone,
    extra_device_delivered numeric(9,3),
    processed boolean NOT NULL,
    phase_currently_delivered_l1 numeric(9,3),
    phase_currently_delivered_l2 numeric(9,3),
    phase_currently_delivered_l3 numeric(9,3),
    phase_currently_returned_l1 numeric(9,3),
    phase_currently_returned_l2 numeric(9,3),
    phase_currently_returned_l3 numeric(9,3),
    phase_voltage_l1 numeric(4,1),
    phase_voltage_l2 numeric(4,1),
    phase_voltage_l3 numeric(4,1),
    phase_power_current_l1 integer,
    phase_power_current_l2 integer,
    phase_power_current_l3 integer
);


ALTER TABLE public.dsmr_datalogger_dsmrreading OWNER TO postgres;

--
-- Name: dsmr_datalogger_dsmrreading_id_seq; Type: SEQUENCE; Schema: public; Owner: postgres
--

CREATE SEQUENCE public.dsmr_datalogger_dsmrreading_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


ALTER TABLE public.dsmr_datalogger_dsmrreading_id_seq OWNER TO postgres;

--
-- Name: dsmr_datalogger_dsmrreading_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: postgres
--

ALTER SEQUENCE public.dsmr_datalogger_dsmrreading_id_seq OWNED BY public.dsmr_datalogger_dsmrreading.id;


--
-- Name: dsmr_stats_daystatistics; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.dsmr_stats_daystatistics (
    id integer NOT NULL,
    day date NOT NULL,
    total_cost numeric(8,2) NOT NULL,
    electricity1 numeric(9,3) NOT NULL,
    electricity2 numeric(9,3) NOT NULL,
    electricity1_returned numeric(9,3) NOT NULL,
    electricity2_returned numeric(9,3) NOT NULL,
    electricity1_cost numeric(8,2) NOT NULL,
    electricity2_cost numeric(8,2) NOT NULL,
    gas numeric(9,3),
    gas_cost numeric(8,2),
    average_temperature numeric(4,1),
    highest_temperature numeric(4,1),
    lowest_temperature numeric(4,1),
    fixed_cost numeric(8,2) NOT NULL,
    electricity1_reading numeric(9,3),
    electricity1_returned_reading numeric(9,3),
    electricity2_reading numeric(9,3),
    electricity2_returned_reading numeric(9,3),
    gas_reading numeric(9,3),
    electricity_reading_timestamp timestamp with time zone,
    gas_reading_timestamp timestamp with time zone
);


ALTER TABLE public.dsmr_stats_daystatistics OWNER TO postgres;

--
-- Name: dsmr_stats_daystatistics_id_seq; Type: SEQUENCE; Schema: public; Owner: postgres
--

CREATE SEQUENCE public.dsmr_stats_daystatistics_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


ALTER TABLE public.dsmr_stats_daystatistics_id_seq OWNER TO postgres;

--
-- Name: dsmr_stats_daystatistics_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: postgres
--

ALTER SEQUENCE public.dsmr_stats_daystatistics_id_seq OWNED BY public.dsmr_stats_daystatistics.id;


--
-- Name: dsmr_consumption_gasconsumption id; Type: DEFAULT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.dsmr_consumption_gasconsumption ALTER COLUMN id SET DEFAULT nextval('public.dsmr_consumption_gasconsumption_id_seq'::regclass);


--
-- Name: dsmr_datalogger_dsmrreading id; Type: DEFAULT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.dsmr_datalogger_dsmrreading ALTER COLUMN id SET DEFAULT nextval('public.dsmr_datalogger_dsmrreading_id_seq'::regclass);


--
-- Name: dsmr_stats_daystatistics id; Type: DEFAULT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.dsmr_stats_daystatistics ALTER COLUMN id SET DEFAULT nextval('public.dsmr_stats_daystatistics_id_seq'::regclass);


--
-- Data for Name: dsmr_consumption_gasconsumption; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.dsmr_consumption_gasconsumption (id, read_at, delivered) FROM stdin;
1	2026-10-26 00:00:00+00	1.500
\.


--
-- Data for Name: dsmr_datalogger_dsmrreading; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.dsmr_datalogger_dsmrreading (id, "timestamp", electricity_delivered_1, electricity_returned_1, electricity_delivered_2, electricity_returned_2, electricity_currently_delivered, electricity_currently_returned, extra_device_timestamp, extra_device_delivered, processed, phase_currently_delivered_l1, phase_currently_delivered_l2, phase_currently_delivered_l3, phase_currently_returned_l1, phase_currently_returned_l2, phase_currently_returned_l3, phase_voltage_l1, phase_voltage_l2, phase_voltage_l3, phase_power_current_l1, phase_power_current_l2, phase_power_current_l3) FROM stdin;
1	2026-10-25 22:00:04+00	4711.302	1204.881	3904.117	2810.450	0.195	0.000	2026-10-25 22:00:00+00	6012.345	t	0.195	\N	\N	0.000	\N	\N	230.1	\N	\N	1	\N	\N
2	2026-10-25 22:59:54.123456+00	4711.500	1204.881	3904.117	2810.450	1.950	0.000	\N	\N	t	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N
3	2026-10-25 22:00:04+00	4711.302	1204.881	3904.117	2810.450	0.195	0.000	2026-10-25 23:00:00+00	6012.900	t	0.195	\N	\N	0.000	\N	\N	230.1	\N	\N	1	\N	\N
\.


--
-- Data for Name: dsmr_stats_daystatistics; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.dsmr_stats_daystatistics (id, day, total_cost, electricity1, electricity2, electricity1_returned, electricity2_returned, electricity1_cost, electricity2_cost, gas, gas_cost, average_temperature, highest_temperature, lowest_temperature, fixed_cost, electricity1_reading, electricity1_returned_reading, electricity2_reading, electricity2_returned_reading, gas_reading, electricity_reading_timestamp, gas_reading_timestamp) FROM stdin;
1	2025-10-25	1.50	3.100	2.200	0.000	1.000	0.50	0.50	2.250	\N	\N	\N	\N	0.60	2711.302	704.881	1904.117	810.450	4012.345	2025-10-24 22:00:03+00	2025-10-24 22:00:00+00
2	2025-10-26	1.50	3.100	2.200	0.000	1.000	0.50	0.50	2.250	\N	\N	\N	\N	0.60	\N	\N	\N	\N	\N	\N	\N
\.


--
-- Name: dsmr_consumption_gasconsumption_id_seq; Type: SEQUENCE SET; Schema: public; Owner: postgres
--

SELECT pg_catalog.setval('public.dsmr_consumption_gasconsumption_id_seq', 1, true);


--
-- Name: dsmr_datalogger_dsmrreading_id_seq; Type: SEQUENCE SET; Schema: public; Owner: postgres
--

SELECT pg_catalog.setval('public.dsmr_datalogger_dsmrreading_id_seq', 3, true);


--
-- Name: dsmr_stats_daystatistics_id_seq; Type: SEQUENCE SET; Schema: public; Owner: postgres
--

SELECT pg_catalog.setval('public.dsmr_stats_daystatistics_id_seq', 2, true);


--
-- Name: dsmr_consumption_gasconsumption dsmr_consumption_gasconsumption_pkey; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.dsmr_consumption_gasconsumption
    ADD CONSTRAINT dsmr_consumption_gasconsumption_pkey PRIMARY KEY (id);


--
-- Name: dsmr_datalogger_dsmrreading dsmr_datalogger_dsmrreading_pkey; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.dsmr_datalogger_dsmrreading
    ADD CONSTRAINT dsmr_datalogger_dsmrreading_pkey PRIMARY KEY (id);


--
-- Name: dsmr_stats_daystatistics dsmr_stats_daystatistics_day_key; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.dsmr_stats_daystatistics
    ADD CONSTRAINT dsmr_stats_daystatistics_day_key UNIQUE (day);


--
-- Name: dsmr_stats_daystatistics dsmr_stats_daystatistics_pkey; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.dsmr_stats_daystatistics
    ADD CONSTRAINT dsmr_stats_daystatistics_pkey PRIMARY KEY (id);


--
-- PostgreSQL database dump complete
--

\unrestrict x7Qd0q2nDpBDzXQbrhcvyQ3dLb1eJ9mU

