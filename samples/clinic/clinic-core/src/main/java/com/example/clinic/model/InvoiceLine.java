package com.example.clinic.model;

import java.math.BigDecimal;

import jakarta.persistence.Embeddable;

/**
 * One treatment on an invoice.
 *
 * @param text what was done
 * @param amount what it costs
 */
@Embeddable
public record InvoiceLine(String text, BigDecimal amount) {

}
