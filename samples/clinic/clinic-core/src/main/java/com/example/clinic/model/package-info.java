/**
 * What the practice knows: patients, practitioners, rooms, appointments and invoices.
 */
@NullMarked
package com.example.clinic.model;

import org.jspecify.annotations.NullMarked;
